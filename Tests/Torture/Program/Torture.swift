import Foundation
import Synchronization
import TestSupport
import TortureModel

/// Plays rounds on several threads, and tells how each went.
final class Torture: Sendable {
  private struct State {
    var begun = 0
    var running = 0
    var total = Summary()
  }

  private let first: UInt64
  private let theme: Theme?
  private let rounds: Int
  private let end: ContinuousClock.Instant?
  private let directory: URL
  private let bed: TestBed
  private let state = Mutex(State())

  /// - Parameters:
  ///   - first: the seed of the first round.
  ///   - end: when no round is begun any more.
  init(
    first: UInt64, theme: Theme?, rounds: Int, end: ContinuousClock.Instant?, directory: URL, bed: TestBed
  ) {
    self.first = first
    self.theme = theme
    self.rounds = rounds
    self.end = end
    self.directory = directory
    self.bed = bed
  }

  /// - Returns: whether every promise was kept.
  func play(jobs: Int) -> Bool {
    state.withLock { $0.running = jobs }
    for _ in 0..<jobs {
      Thread.detachNewThread { [self] in
        while let number = nextRound() { play(round: number) }
        state.withLock { $0.running -= 1 }
      }
    }
    while state.withLock({ $0.running > 0 }) { _ = eventually(within: .milliseconds(200)) { nil as Bool? } }
    let total = state.withLock { $0.total }
    say(Report.text(total))
    return total.failed.isEmpty && total.rounds > 0
  }

  private func nextRound() -> Int? {
    state.withLock { state in
      guard state.begun < rounds, end.map({ ContinuousClock.now < $0 }) ?? true else { return nil }
      defer { state.begun += 1 }
      return state.begun
    }
  }

  private func play(round number: Int) {
    let schedule = Schedule(seed: first &+ UInt64(number), theme: theme)
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
