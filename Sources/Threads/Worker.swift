package import Clocks

/// A thread for work that can hang. A call of the volume does not return while an EFS mount hangs, and then only this
/// thread hangs. A caller waits no longer than its deadline.
///
/// The thread starts with the first piece of work, or with `prepare`. It ends when the worker is gone and its work is done.
package final class Worker: Sendable {
  /// The result of a piece of work.
  package enum Outcome<Value: Sendable>: Sendable {
    case done(Value)
    /// It threw, or no thread could be started (`ThreadError`).
    case failed(any Error)
    /// It was not done by the deadline. It may still run, and its result is dropped.
    case late
  }

  private let line = WorkLine()

  /// Begins without a thread.
  package init() {}

  deinit {
    line.close()
  }

  /// How long the present piece of work has been running, or `nil` while there is none.
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

  /// Does a piece of work after those before it; the ticket tells its result.
  package func start<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) -> Ticket<Value> {
    let ticket = Ticket<Value>()
    start(work) { ticket.fill($0) }
    return ticket
  }

  /// Does a piece of work after those before it.
  ///
  /// - Parameter then: called once with the result, on the worker's thread. When no thread could be started, it is called
  ///   with a `ThreadError` on the caller's thread.
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
  private let result = Lock<Result<Value, any Error>?>(nil)
  private let done = Wakeup()

  /// The result, or `nil` while the work is not done.
  package var outcome: Worker.Outcome<Value>? {
    switch result.withLock({ $0 }) {
    case .success(let value)?: .done(value)
    case .failure(let error)?: .failed(error)
    case nil: nil
    }
  }

  /// Waits for the result.
  package func wait(until deadline: Deadline) -> Worker.Outcome<Value> {
    done.wait(until: deadline)
    return outcome ?? .late
  }

  fileprivate func fill(_ result: Result<Value, any Error>) {
    self.result.withLock { $0 = result }
    done.ring()
  }
}

/// The work that waits for one thread. That thread and the worker share it.
private final class WorkLine: Sendable {
  private struct State {
    var hasThread = false
    var runningSince: Duration?
  }

  private let jobs = BlockingQueue<@Sendable () -> Void>()
  private let state = Lock(State())

  var busyFor: Duration? {
    state.withLock { $0.runningSince }.map { SteadyClock.now() - $0 }
  }

  func prepare() throws(ThreadError) {
    // The lock is held, so that of two callers one starts the thread. The thread itself waits for the lock only briefly.
    try state.withLock { (state: inout State) throws(ThreadError) in
      guard !state.hasThread else { return }
      try SystemThread.start { [self] in run() }
      state.hasThread = true
    }
  }

  func append(_ job: @escaping @Sendable () -> Void) throws(ThreadError) {
    try prepare()
    jobs.put(job)
  }

  func close() {
    jobs.close()
  }

  private func run() {
    while let job = jobs.take() {
      state.withLock { $0.runningSince = SteadyClock.now() }
      job()
      state.withLock { $0.runningSince = nil }
    }
  }
}
