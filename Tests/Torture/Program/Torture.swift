import Foundation
import Synchronization
import TestSupport
import TortureModel

/// Plays rounds on several threads, and reports each.
final class Torture: Sendable {
  private struct State {
    var queue: RoundQueue
    var running = 0
    var total = Summary()
  }

  private let theme: Theme?
  private let jobs: Int
  private let clock = RoundClock()
  private let directory: URL
  private let bed: TestBed
  private let state: Mutex<State>

  /// - Parameters:
  ///   - first: the seed of the first round.
  ///   - rounds: the maximum number of rounds.
  ///   - limit: the seconds within which all schedules end, except those of each job's first round.
  ///   - jobs: the number of concurrent rounds.
  init(first: UInt64, theme: Theme?, rounds: Int, within limit: Double, jobs: Int, directory: URL, bed: TestBed) {
    self.theme = theme
    self.jobs = jobs
    self.directory = directory
    self.bed = bed
    state = Mutex(State(queue: RoundQueue(first: first, most: rounds, end: limit, always: jobs)))
  }

  /// - Returns: whether every promise was kept.
  func play() -> Bool {
    state.withLock { $0.running = jobs }
    for _ in 0..<jobs {
      Thread.detachNewThread { [self] in
        while let (number, schedule) = nextRound() { play(number, schedule) }
        state.withLock { $0.running -= 1 }
      }
    }
    while state.withLock({ $0.running > 0 }) { _ = eventually(within: .milliseconds(200)) { nil as Bool? } }
    let total = state.withLock { $0.total }
    say(Report.text(total))
    return total.failed.isEmpty && total.rounds > 0
  }

  private func nextRound() -> (number: Int, schedule: Schedule)? {
    state.withLock { $0.queue.next(now: clock.now) { Schedule(seed: $0, theme: theme) } }
  }

  private func play(_ number: Int, _ schedule: Schedule) {
    let root = directory.appending(path: "seed-\(schedule.seed)")
    do {
      try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
      let round = try Round(schedule, in: root, bed)
      let history = try round.play()
      let violations = Judge.judge(history)
      if violations.isEmpty {
        try? FileManager.default.removeItem(at: root)
      } else {
        round.volume.keep(in: root)
        try Report.json(schedule).write(to: root.appending(path: "schedule.json"))
        try Report.json(history).write(to: root.appending(path: "history.json"))
        try Report.json(violations).write(to: root.appending(path: "violations.json"))
      }
      state.withLock { state in
        state.total.add(history, schedule, violations)
        say(Report.line(number, schedule, history, violations))
        if !violations.isEmpty { say(Report.failure(schedule, history, violations, theme: theme, kept: root)) }
      }
    } catch {
      state.withLock { state in
        state.total.rounds += 1
        state.total.failed.append(schedule.seed)
        say("round \(number) seed \(schedule.seed): could not be played: \(error)")
      }
    }
  }
}
