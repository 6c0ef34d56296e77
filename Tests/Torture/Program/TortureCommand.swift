import ArgumentParser
import Foundation
import Glibc
import Synchronization
import TestSupport
import TortureModel

/// Plays random rounds of tasks on one volume with random faults, and compares each with the gateway's promises.
/// `scripts/torture` runs it.
struct TortureCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "rounds")

  @Option(help: "Begin no round whose schedule would go on after this many minutes.")
  var minutes: Double?

  @Option(
    help:
      "Play everything for this many hours: rounds for half of them, then journal, histories and fencing. At the end a round of each theme that rounds do not draw, and every fault once, which takes some minutes more."
  )
  var hours: Double?

  @Option(help: "Of the first round; the next ones count on from it. Drawn when absent.")
  var seed: UInt64?

  @Option(help: "Play at most this many rounds.")
  var rounds: Int?

  @Option(help: "Rounds at a time; they mostly wait.")
  var jobs = 4

  @Option(help: "Play rounds of this theme only: \(Theme.allCases.map(\.rawValue).joined(separator: ", ")).")
  var theme: String?

  @Option(help: "MEM_JOURNAL of the tasks: always, interval or off. Only always promises that a SIGKILL loses nothing.")
  var journal = "always"

  @Option(help: "A fault to put in: \(PlantedFault.allCases.map(\.rawValue).joined(separator: ", ")).")
  var sabotage: String?

  @Flag(help: "Print the schedules, or with --hours the parts with their options, and play nothing.")
  var dryRun = false

  mutating func validate() throws {
    if minutes == nil && rounds == nil && hours == nil {
      throw ValidationError("Say when to end: --minutes, --rounds, both, or --hours.")
    }
    if hours != nil, minutes != nil || rounds != nil || theme != nil || sabotage != nil {
      throw ValidationError("--hours plays everything. It goes with --seed, --jobs, --journal and --dry-run only.")
    }
    if let theme, Theme(rawValue: theme) == nil { throw ValidationError("There is no theme '\(theme)'.") }
    if let sabotage, PlantedFault(rawValue: sabotage) == nil {
      throw ValidationError("There is no fault '\(sabotage)'.")
    }
    if jobs < 1 { throw ValidationError("--jobs takes at least 1.") }
  }

  func run() async throws {
    signal(SIGPIPE, SIG_IGN)
    let first = seed ?? UInt64.random(in: 1...999_999_999)
    if let hours { return try await play(LongRun(seed: first, hours: hours, jobs: jobs, journal: journal)) }
    if dryRun {
      let theme = theme.flatMap(Theme.init)
      for round in 0..<(rounds ?? 1) { say(Report.text(Schedule(seed: first &+ UInt64(round), theme: theme))) }
      return
    }
    guard try playRounds(from: first) else { throw ExitCode(1) }
  }

  private func play(_ run: LongRun) async throws {
    // Wrong options show now, and not after hours.
    for part in run.parts { _ = try TortureProgram.parseAsRoot(part.arguments) }
    if dryRun {
      for part in run.parts { say(part.line) }
      return
    }
    let faults = await run.play { part in
      say(part.line)
      return try await part.run()
    }
    for fault in faults { say(fault) }
    say("\(run.parts.count) parts, \(faults.count) with violations or errors")
    if !faults.isEmpty { throw ExitCode(1) }
  }

  /// - Returns: whether every promise was kept.
  private func playRounds(from first: UInt64) throws -> Bool {
    // The parts of a run of hours have one seed and one process.
    let kind = theme.map { "\($0)-" } ?? ""
    let directory = FileManager.default.temporaryDirectory.resolvingSymlinksInPath()
      .appending(path: "gatehouse-torture-\(kind)\(first)-\(getpid())")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    let bed = try TestBed(in: directory, journal: journal, sabotage.flatMap(PlantedFault.init))
    let run = Torture(
      first: first, theme: theme.flatMap(Theme.init), rounds: rounds ?? .max,
      within: minutes.map { $0 * 60 } ?? .infinity, jobs: jobs, directory: directory, bed: bed)
    say("first seed \(first), \(jobs) at a time")
    guard run.play() else { return false }
    try? FileManager.default.removeItem(at: directory)
    return true
  }
}

extension Schedule {
  init(seed: UInt64, theme: Theme?) {
    self.init(seed: seed, theme: theme, randomness: SeededGenerator(seed: seed))
  }
}
