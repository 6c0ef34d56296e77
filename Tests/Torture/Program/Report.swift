import Foundation
import Glibc
import TortureModel

/// The totals of all rounds.
struct Summary: Sendable {
  var rounds = 0
  var acknowledged = 0
  var dumps = 0
  var takeOvers = 0
  var failed: [UInt64] = []
  var violations: [Judge.Rule: Int] = [:]
  var drains = 0
  var scheduledKills = 0
  /// Those that ended a process.
  var deliveredKills = 0
  var figures = Figures()

  mutating func add(_ history: History, _ schedule: Schedule, _ violations: [Judge.Violation]) {
    rounds += 1
    acknowledged += history.acknowledgedChanges
    dumps += history.acknowledgedDumps
    takeOvers += history.takeOvers
    drains += history.drains.count
    scheduledKills += schedule.scheduledKills
    deliveredKills += history.deliveredKills
    figures = figures.worst(Judge.figures(history))
    if !violations.isEmpty { failed.append(schedule.seed) }
    for rule in Set(violations.map(\.rule)) { self.violations[rule, default: 0] += 1 }
  }
}

extension History {
  var acknowledgedChanges: Int { operations.count { $0.answer == .acknowledged && !$0.name.isEmpty } }
  var acknowledgedDumps: Int { operations.count { $0.answer == .acknowledged && $0.kind == .dump } }
  /// The number of times that the lease was taken, except the first.
  var takeOvers: Int { max(0, runs.map(\.takes.count).reduce(0, +) - 1) }
}

/// Prints and saves the reports.
enum Report {
  static func json(_ value: some Encodable) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    return try encoder.encode(value)
  }

  static func line(_ number: Int, _ schedule: Schedule, _ history: History, _ violations: [Judge.Violation]) -> String {
    let outcome = violations.isEmpty ? "ok" : "VIOLATED \(violations.count)"
    return
      "round \(number) seed \(schedule.seed): \(outcome), \(schedule.theme) on \(schedule.volume), \(schedule.tasks.count) tasks in \(history.runs.count) processes, \(history.acknowledgedChanges) acknowledged, \(history.acknowledgedDumps) dumps, \(history.takeOvers) take-overs"
  }

  static func failure(
    _ schedule: Schedule, _ history: History, _ violations: [Judge.Violation], theme: Theme?, kept: URL
  ) -> String {
    let shown =
      violations.prefix(8).map { "  \($0)" } + (violations.count > 8 ? ["  and \(violations.count - 8) more"] : [])
    let option = theme.map { " --theme \($0)" } ?? ""
    return
      (shown + [
        text(schedule), "  (the schedule's times count from \(seconds(history.begun)))", "  kept: \(kept.path())",
        "  replay: scripts/torture --seed \(schedule.seed) --rounds 1\(option)",
      ]).joined(separator: "\n")
  }

  static func text(_ schedule: Schedule) -> String {
    let tasks = schedule.tasks.enumerated().map { number, task in
      "  task \(number) from \(seconds(task.begins)), clocks \(task.skews), \(task.isOnOtherKernel ? "another kernel, " : "")\(task.slowness > 0 ? "up to \(task.slowness) ms slower, " : "")\(task.writers) writers\(task.dumpsEvery > 0 ? ", a dump every \(seconds(task.dumpsEvery))" : "")"
    }
    let actions = schedule.actions.map { "  \(seconds($0.time)): \(text($0.step))" }
    let head = "  seed \(schedule.seed): \(schedule.theme) on \(schedule.volume), \(seconds(schedule.length))"
    return ([head] + tasks + actions).joined(separator: "\n")
  }

  private static func text(_ step: Schedule.Step) -> String {
    switch step {
    case .stop(let target, let signals, let apart, let pause):
      let names = signals.map { $0 == SIGTERM ? "SIGTERM" : "SIGINT" }.joined(separator: " and \(apart) ms later ")
      return "\(names) to \(text(target)), the next one \(seconds(pause)) after its end"
    case .kill(let target, let pause):
      return "SIGKILL to \(text(target)), the next one \(seconds(pause)) after its end"
    case .freeze(let target, let length): return "freeze \(text(target)) for \(seconds(length))"
    case .hang(let target, let length): return "hang the volume of \(text(target)) for \(seconds(length))"
    case .stopAmidDump(let target, let stage, let delay, let isHang, let length):
      return
        "ask \(text(target)) for a dump, \(delay) us after the stage '\(stage)' \(isHang ? "hang its volume" : "freeze it") for \(seconds(length))"
    case .fill(let length): return "fill the volume for \(seconds(length))"
    case .signal(let target, let number): return "signal \(number) to \(text(target))"
    case .drain(let target, let pause):
      return "drain \(text(target)) and stop it, the next one \(seconds(pause)) after its end"
    case .removeLease(let claims): return "remove lease.json\(claims ? " and the claims" : "")"
    case .dump(let target): return "ask \(text(target)) for a dump"
    case .restore(let target): return "ask \(text(target)) for a restore"
    case .slowCreate(let target, let count, let pause):
      return "\(count) creations by \(text(target)), whose body pauses for \(seconds(pause))"
    }
  }

  private static func text(_ target: Schedule.Target) -> String {
    switch target {
    case .task(let task): "task \(task)"
    case .holder: "the holder"
    case .other: "another one"
    case .all: "all"
    }
  }

  private static func seconds(_ time: Double) -> String { String(format: "%.3f s", time) }

  static func text(_ summary: Summary) -> String {
    let head =
      "\(summary.rounds) rounds, \(summary.failed.count) with violations, \(summary.acknowledged) changes and \(summary.dumps) dumps acknowledged, \(summary.takeOvers) take-overs, \(summary.drains) drains, \(summary.deliveredKills) of \(summary.scheduledKills) scheduled SIGKILLs delivered"
    let worst =
      "at worst a probe took \(seconds(summary.figures.slowestAnswer)), a stop \(seconds(summary.figures.slowestStop)), and the machine had no time for anybody for \(seconds(summary.figures.stalled)) of a round"
    let rules = summary.violations.sorted { $0.value > $1.value }.map {
      "  \($0.key) in \($0.value) rounds: \($0.key.sentence)"
    }
    return ([head, worst] + rules).joined(separator: "\n")
  }
}

/// Prints a line without buffering.
func say(_ text: String) {
  FileHandle.standardOutput.write(Data("\(text)\n".utf8))
}
