import Clocks
import Synchronization

/// A thread for work that can hang: a call of the volume does not come back while an EFS mount hangs, and then only this
/// thread hangs with it. Whoever asks waits no longer than its deadline.
final class Worker: Sendable {
  /// What became of a piece of work.
  enum Outcome<Value: Sendable>: Sendable {
    case done(Value)
    case failed(any Error)
    /// It was not ready by the deadline. It may still be under way, and what comes of it is dropped.
    case late
  }

  private struct State {
    var jobs: [@Sendable () -> Void] = []
    var isStarted = false
    var runningSince: Duration?
  }

  private let state = Mutex(State())
  private let wakeup = Wakeup()

  /// How long the present piece of work has been running; `nil` while there is none.
  var busyFor: Duration? {
    state.withLock { $0.runningSince }.map { SteadyClock.now() - $0 }
  }

  /// Does a piece of work after those before it, and waits for it.
  func run<Value: Sendable>(
    until deadline: Deadline, _ work: @escaping @Sendable () throws -> Value
  ) -> Outcome<Value> {
    let ticket = start(work)
    return ticket.wait(until: deadline)
  }

  /// Does a piece of work after those before it; the ticket tells what came of it.
  func start<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) -> Ticket<Value> {
    let ticket = Ticket<Value>()
    let isFirst = state.withLock { state in
      state.jobs.append { ticket.fill(Result { try work() }) }
      defer { state.isStarted = true }
      return !state.isStarted
    }
    if isFirst { Threads.start { [self] in loop() } }
    wakeup.ring()
    return ticket
  }

  private func loop() {
    while true {
      let job = state.withLock { state in
        state.runningSince = state.jobs.isEmpty ? nil : SteadyClock.now()
        return state.jobs.isEmpty ? nil : state.jobs.removeFirst()
      }
      if let job {
        job()
      } else {
        wakeup.wait(until: Deadline(in: .seconds(3600)))
        wakeup.clear()
      }
    }
  }
}

/// A piece of work that was given to a worker.
final class Ticket<Value: Sendable>: Sendable {
  private let result = Mutex<Result<Value, any Error>?>(nil)
  let done = Wakeup()

  /// What came of it, once it is done.
  var outcome: Worker.Outcome<Value>? {
    switch result.withLock({ $0 }) {
    case .success(let value)?: .done(value)
    case .failure(let error)?: .failed(error)
    case nil: nil
    }
  }

  func wait(until deadline: Deadline) -> Worker.Outcome<Value> {
    done.wait(until: deadline)
    return outcome ?? .late
  }

  fileprivate func fill(_ result: Result<Value, any Error>) {
    self.result.withLock { $0 = result }
    done.ring()
  }
}
