package import DumpDirectory
package import DumpFormat
import Threads

/// Loads dumps on a thread of its own, so that no thread of the cooperative pool blocks.
package struct Restorer: Sendable {
  private let makeLadder: @Sendable () -> Ladder
  private let thread = Worker.started()

  /// Creates a restorer with its own thread.
  ///
  /// - Parameter ladder: made anew for each call, since the keys can change.
  package init(_ ladder: @autoclosure @escaping @Sendable () -> Ladder) {
    makeLadder = ladder
  }

  /// Runs `Ladder.restoreNewest` on the thread.
  ///
  /// - Parameter behindCalls: whether calls that are answered meanwhile have the processor first.
  package func restoreNewest(allowsOlder: Bool, behindCalls: Bool = false) async throws -> Ladder.Outcome {
    let ladder = makeLadder()
    let restore = { @Sendable () throws in try ladder.restoreNewest(allowsOlder: allowsOlder) }
    return try await thread.perform { behindCalls ? try SystemThread.runBehindCalls(restore) : try restore() }
  }

  /// The dump that is tried first, with only its header read, or `nil` when there is none.
  package func newest() async throws -> DumpEntry? {
    let ladder = makeLadder()
    return try await thread.perform { try ladder.newest() }
  }

  /// The newest journal by its name, with its size in bytes, or `nil` when there is none.
  package func newestJournal() async throws -> (number: JournalNumber, bytes: Int)? {
    let ladder = makeLadder()
    return try await thread.perform { try ladder.newestJournal() }
  }

  /// Runs `Ladder.load` on the thread, behind calls.
  package func load(_ path: String) async throws -> Ladder.Restored {
    let ladder = makeLadder()
    return try await thread.perform { try SystemThread.runBehindCalls { try ladder.load(path) } }
  }

  /// Runs `Ladder.restore(at:)` on the thread, behind calls.
  package func restore(at moment: Moment) async throws -> Ladder.RestoredMoment {
    let ladder = makeLadder()
    return try await thread.perform { try SystemThread.runBehindCalls { try ladder.restore(at: moment) } }
  }

  /// Runs other work on the thread, such as freeing a large state.
  package func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await thread.perform(work)
  }
}
