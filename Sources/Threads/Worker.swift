package import Clocks
import Synchronization

/// A thread for work that can hang: a call of the volume does not come back while an EFS mount hangs, and then only this
/// thread hangs with it. A caller waits no longer than its deadline.
///
/// The thread starts with the first piece of work, or with `prepare`, and ends when the worker is gone and its work done.
package final class Worker: Sendable {
  /// What became of a piece of work.
  package enum Outcome<Value: Sendable>: Sendable {
    case done(Value)
    /// It threw, or no thread could be started (`ThreadError`).
    case failed(any Error)
    /// It was not ready by the deadline. It may still be under way, and what comes of it is dropped.
    case late
  }

  private let line = WorkLine()

  package init() {}

  deinit {
    line.close()
  }

  /// How long the present piece of work has been running; `nil` while there is none.
  package var busyFor: Duration? { line.busyFor }

  /// Starts the thread before there is work, so that a process that later has no threads to spare still has this one.
  package func prepare() throws(ThreadError) {
    try line.prepare()
  }

  /// Does a piece of work after those before it, and waits for it.
  package func run<Value: Sendable>(
    until deadline: Deadline, _ work: @escaping @Sendable () throws -> Value
  ) -> Outcome<Value> {
    start(work).wait(until: deadline)
  }

  /// Does a piece of work after those before it; the ticket tells what came of it.
  package func start<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) -> Ticket<Value> {
    let ticket = Ticket<Value>()
    start(work) { ticket.fill($0) }
    return ticket
  }

  /// Does a piece of work after those before it.
  ///
  /// - Parameter then: told once what came of it: by the worker's thread, or by the caller's, with a `ThreadError`, when
  ///   no thread could be started.
  package func start<Value: Sendable>(
    _ work: @escaping @Sendable () throws -> Value,
    then: @escaping @Sendable (Result<Value, any Error>) -> Void
  ) {
    do throws(ThreadError) {
      try line.append { then(Result { try work() }) }
    } catch {
      then(.failure(error))
    }
  }
}

/// A piece of work that was given to a worker.
package final class Ticket<Value: Sendable>: Sendable {
  private let result = Mutex<Result<Value, any Error>?>(nil)
  private let done = Wakeup()

  /// What came of it, once it is done.
  package var outcome: Worker.Outcome<Value>? {
    switch result.withLock({ $0 }) {
    case .success(let value)?: .done(value)
    case .failure(let error)?: .failed(error)
    case nil: nil
    }
  }

  package func wait(until deadline: Deadline) -> Worker.Outcome<Value> {
    done.wait(until: deadline)
    return outcome ?? .late
  }

  fileprivate func fill(_ result: Result<Value, any Error>) {
    self.result.withLock { $0 = result }
    done.ring()
  }
}

/// The work that waits for one thread; shared by that thread and the worker.
private final class WorkLine: Sendable {
  private struct State {
    var jobs: [@Sendable () -> Void] = []
    var hasThread = false
    var isClosed = false
    var runningSince: Duration?
  }

  private let state = Mutex(State())
  private let wakeup = Wakeup()

  var busyFor: Duration? {
    state.withLock { $0.runningSince }.map { SteadyClock.now() - $0 }
  }

  func prepare() throws(ThreadError) {
    // Under the lock, so that of two callers one starts the thread. The thread itself waits for the lock only briefly.
    try state.withLock { (state: inout State) throws(ThreadError) in
      guard !state.hasThread else { return }
      try SystemThread.start { [self] in run() }
      state.hasThread = true
    }
  }

  func append(_ job: @escaping @Sendable () -> Void) throws(ThreadError) {
    try prepare()
    state.withLock { $0.jobs.append(job) }
    wakeup.ring()
  }

  func close() {
    state.withLock { $0.isClosed = true }
    wakeup.ring()
  }

  private func run() {
    while true {
      let (job, isClosed) = state.withLock { state in
        state.runningSince = state.jobs.isEmpty ? nil : SteadyClock.now()
        return (state.jobs.isEmpty ? nil : state.jobs.removeFirst(), state.isClosed)
      }
      if let job {
        job()
      } else if isClosed {
        return
      } else {
        wakeup.take(until: .never)
      }
    }
  }
}
