import Clocks
import Threads

/// A thread for work that blocks. Every operation on a network volume can hang, and then only this thread hangs with
/// it.
package struct BlockingThread: Sendable {
  private let worker = Worker()

  /// Starts the thread at once, so that it exists even if the process later reaches its limit of threads.
  package init() {
    // If it fails here, each piece of work tries again and reports the failure.
    try? worker.prepare()
  }

  /// Runs work as soon as all work that was given earlier has ended.
  package func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      worker.start(work) { continuation.resume(with: $0) }
    }
  }

  /// Runs work as soon as all work that was given earlier has ended, and waits for it no longer than a limit.
  ///
  /// - Throws: `Late` when the limit is over. The work's result is dropped then.
  package func run<Value: Sendable>(
    within limit: Duration, _ work: @escaping @Sendable () throws -> Value
  ) async throws -> Value {
    let (ticket, deadline) = (worker.start(work), Deadline(in: limit))
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

  /// The work did not end within its limit of time.
  package struct Late: Error, CustomStringConvertible {
    package var description: String { "the volume did not answer in time" }
  }
}
