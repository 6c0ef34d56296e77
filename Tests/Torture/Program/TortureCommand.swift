import ArgumentParser
import Foundation
import Glibc
import Synchronization
import TestSupport
import TortureModel

/// Plays random rounds of tasks on one volume with random faults, and compares each with the gateway's promises.
/// `scripts/torture` runs it.
@main
struct TortureCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "gatehouse-torture")

  @Option(help: "Begin no round whose schedule would go on after this many minutes.")
  var minutes: Double?

  @Option(help: "Of the first round; the next ones count on from it. Drawn when absent.")
  var seed: UInt64?

  @Option(help: "Play at most this many rounds.")
  var rounds: Int?

  @Option(help: "Rounds at a time; they mostly wait.")
  var jobs = 4

  @Option(help: "Play rounds of this theme only: \(Theme.allCases.map(\.rawValue).joined(separator: ", ")).")
  var theme: String?

  @Flag(help: "Print the schedules, and play nothing.")
  var dryRun = false

  mutating func validate() throws {
    if minutes == nil && rounds == nil { throw ValidationError("Say when to end: --minutes, --rounds or both.") }
    if let theme, Theme(rawValue: theme) == nil { throw ValidationError("There is no theme '\(theme)'.") }
    if jobs < 1 { throw ValidationError("--jobs takes at least 1.") }
  }

  func run() throws {
    signal(SIGPIPE, SIG_IGN)
    let first = seed ?? UInt64.random(in: 1...999_999_999)
    let theme = theme.flatMap(Theme.init)
    if dryRun {
      for round in 0..<(rounds ?? 1) { say(Report.text(Schedule(seed: first &+ UInt64(round), theme: theme))) }
      return
    }
    let directory = FileManager.default.temporaryDirectory.resolvingSymlinksInPath()
      .appending(path: "gatehouse-torture-\(first)-\(getpid())")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    let run = Torture(
      first: first, theme: theme, rounds: rounds ?? .max, within: minutes.map { $0 * 60 } ?? .infinity, jobs: jobs,
      directory: directory, bed: try TestBed(in: directory))
    say("first seed \(first), \(jobs) at a time")
    guard run.play() else { throw ExitCode(1) }
    try? FileManager.default.removeItem(at: directory)
  }
}

extension Schedule {
  init(seed: UInt64, theme: Theme?) {
    self.init(seed: seed, theme: theme, randomness: SeededGenerator(seed: seed))
  }
}
