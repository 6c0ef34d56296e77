package import DumpDirectory
import Threads

/// Loads dumps on a thread of its own.
package struct Restorer: Sendable {
  private let ladder: Ladder
  private let thread = Worker.started()

  package init(_ ladder: Ladder) {
    self.ladder = ladder
  }

  package func climb(allowsOlder: Bool) async throws -> Ladder.Outcome {
    let ladder = ladder
    return try await thread.perform { try ladder.climb(allowsOlder: allowsOlder) }
  }

  /// The dump that a climb begins with.
  package func newest() async throws -> DumpEntry? {
    let ladder = ladder
    return try await thread.perform { try ladder.newest() }
  }

  package func load(_ path: String) async throws -> Ladder.Restored {
    let ladder = ladder
    return try await thread.perform { try ladder.load(path) }
  }

  /// Runs work on the thread, as freeing a large state.
  package func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await thread.perform(work)
  }
}
