import Threads

/// A thread for work that blocks: on a network volume every call can hang, and only this thread then hangs with it.
struct BlockingThread: Sendable {
  private let worker = Worker()

  /// The thread starts here, so that the work still has one when the process has come to a limit.
  init() {
    // Without it each piece of work tries again, and says what is wrong.
    try? worker.prepare()
  }

  /// Runs work after what was given before it has ended.
  func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      worker.start(work) { continuation.resume(with: $0) }
    }
  }
}
