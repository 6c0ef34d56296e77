package import DumpDirectory
import Threads

/// Loads dumps on a thread of its own, so that no thread of the cooperative pool blocks.
package struct Restorer: Sendable {
  private let ladder: Ladder
  private let thread = Worker.started()

  /// Creates a restorer with its own thread.
  package init(_ ladder: Ladder) {
    self.ladder = ladder
  }

  /// Runs `Ladder.restoreNewest` on the thread.
  package func restoreNewest(allowsOlder: Bool) async throws -> Ladder.Outcome {
    let ladder = ladder
    return try await thread.perform { try ladder.restoreNewest(allowsOlder: allowsOlder) }
  }

  /// The dump that is tried first, with only its header read, or `nil` when there is none.
  package func newest() async throws -> DumpEntry? {
    let ladder = ladder
    return try await thread.perform { try ladder.newest() }
  }

  /// Runs `Ladder.load` on the thread.
  package func load(_ path: String) async throws -> Ladder.Restored {
    let ladder = ladder
    return try await thread.perform { try ladder.load(path) }
  }

  /// Runs other work on the thread, such as freeing a large state.
  package func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await thread.perform(work)
  }
}
