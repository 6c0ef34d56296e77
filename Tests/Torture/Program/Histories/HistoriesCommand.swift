import ArgumentParser
import Foundation
import Glibc
import TestSupport
import TortureModel

/// Records what clients on two tasks saw, and searches an order that explains it.
struct HistoriesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "histories")

  @Option(help: "The number of rounds: 10 without --minutes.")
  var rounds: Int?

  @Option(help: "Begin no round after this many minutes.")
  var minutes: Double?

  @Option(help: "Of the first round; the next ones count on from it.")
  var seed: UInt64 = 1

  @Option(help: "The seconds of a round.")
  var seconds = 60.0

  @Option(
    help:
      "Disturb all rounds in this way, in place of their seeds' own: \(TwoTaskPlan.Theme.allCases.map(\.rawValue).joined(separator: ", "))."
  )
  var theme: String?

  @Option(help: "A fault to put in: \(RecordedFault.allCases.map(\.rawValue).joined(separator: ", ")).")
  var sabotage: String?

  func validate() throws {
    if let theme, TwoTaskPlan.Theme(rawValue: theme) == nil {
      throw ValidationError("There is no theme '\(theme)'.")
    }
  }

  func run() throws {
    signal(SIGPIPE, SIG_IGN)
    let fault = try sabotage.map { name in
      guard let fault = RecordedFault(rawValue: name) else { throw ValidationError("There is no fault '\(name)'.") }
      return fault
    }
    var (total, calls, keys, faults, undecided, unexplained) = (TwoTaskRound.Figures(), 0, 0, 0, 0, 0)
    let (most, time) = (rounds ?? (minutes == nil ? 10 : .max), TimeLimit(minutes: minutes))
    var number = 0
    while number < most, !time.isOver {
      let seed = seed &+ UInt64(number)
      let root = FileManager.default.temporaryDirectory.resolvingSymlinksInPath()
        .appending(path: "gatehouse-histories-\(seed)-\(getpid())")
      try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
      let round = try TwoTaskRound(
        in: root, seed: seed, seconds: seconds, theme: theme.flatMap(TwoTaskPlan.Theme.init), fault)
      let history = try round.play()
      let result = CallCheck.check(history)
      let figures = round.figures
      total = total + figures
      (calls, keys) = (calls + result.calls, keys + result.keys)
      (faults, undecided) = (faults + result.faults.count, undecided + result.undecided.count)
      unexplained += round.unexplained.count
      for fault in result.faults.prefix(3) { fault.lines.forEach(say) }
      if !round.unexplained.isEmpty { say("answers that no disturbance explains:") }
      for line in round.unexplained.prefix(3) { say("  \(line)") }
      let open = history.count { $0.outcome == .unknown && $0.kind != .read }
      say(
        "round \(number + 1) seed \(seed), \(round.theme): \(result.calls) calls about \(result.keys) keys, \(open) of unknown outcome, \(figures.refused) changes refused, \(figures.kills) kills, \(figures.stops) stops, \(figures.freezes) freezes, \(figures.hangs) hangs, \(round.unexplained.count) answers unexplained, \(result.faults.count) keys with a fault, \(result.undecided.count) undecided"
      )
      if result.faults.isEmpty, result.undecided.isEmpty, round.unexplained.isEmpty {
        try? FileManager.default.removeItem(at: root)
      } else {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        try encoder.encode(history).write(to: root.appending(path: "calls.json"))
        say("kept in \(root.path())")
      }
      number += 1
    }
    say(
      "\(number) rounds, \(calls) calls about \(keys) keys, \(total.kills) kills, \(total.stops) stops, \(total.freezes) freezes, \(total.hangs) hangs, \(unexplained) answers unexplained, \(faults) keys with a fault, \(undecided) undecided"
    )
    if faults + undecided + unexplained > 0 { throw ExitCode(1) }
  }
}
