import Dispatch

/// A thread for work that blocks: on a network volume every call can hang, and only this thread then hangs with it.
struct BlockingThread: Sendable {
  private let queue: DispatchQueue

  init(_ name: String) {
    queue = DispatchQueue(label: name)
  }

  /// Runs work after what was given before it has ended.
  func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      queue.async { continuation.resume(with: Result { try work() }) }
    }
  }
}
