import Clocks

extension Worker {
  /// A worker whose thread is started now, so that work still has one when the process later comes to a limit.
  ///
  /// When no thread can be started, each piece of work tries again and reports the fault.
  package static func started() -> Worker {
    let worker = Worker()
    try? worker.prepare()
    return worker
  }

  /// Does a piece of work after those before it. The calling task waits, and blocks no thread.
  package func perform<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      start(work) { continuation.resume(with: $0) }
    }
  }

  /// Does a piece of work after those before it. The calling task waits no longer than a limit, and blocks no thread.
  ///
  /// - Throws: `Late` when the limit is over. The result of the work is dropped then.
  package func perform<Value: Sendable>(
    within limit: Duration, _ work: @escaping @Sendable () throws -> Value
  ) async throws -> Value {
    let (ticket, deadline) = (start(work), Deadline(in: limit))
    while true {
      switch ticket.outcome {
      case .done(let value)?: return value
      case .failed(let error)?: throw error
      case .late?, nil:
        guard !deadline.isOver else { throw Late() }
        try await Task.sleep(for: .milliseconds(5))
      }
    }
  }

  /// A piece of work was not done within its limit.
  package struct Late: Error, CustomStringConvertible {
    package var description: String { "the volume did not answer in time" }
  }
}
