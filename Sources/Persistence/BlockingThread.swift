import Clocks
import Threads

/// A thread for work that blocks: on a network volume every call can hang, and only this thread then hangs with it.
package struct BlockingThread: Sendable {
  private let worker = Worker()

  /// The thread starts here, so that the work still has one when the process has come to a limit.
  package init() {
    // Without it each piece of work tries again, and says what is wrong.
    try? worker.prepare()
  }

  /// Runs work after what was given before it has ended.
  package func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      worker.start(work) { continuation.resume(with: $0) }
    }
  }

  /// Runs work after what was given before it has ended, and does not wait for it longer than a limit.
  ///
  /// - Throws: `Late` when the limit is over; what comes of the work is dropped then.
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

  package struct Late: Error, CustomStringConvertible {
    package var description: String { "the volume did not answer in time" }
  }
}
