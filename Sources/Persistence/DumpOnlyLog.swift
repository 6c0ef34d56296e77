package import DocumentStore

/// The commit log of a store that is saved by dumps alone. A change is acknowledged at once, and the next dump holds
/// it. A state that was put in place of all others is acknowledged when a dump holds it, since a crash would bring the
/// state before it back.
package struct DumpOnlyLog: CommitLog {
  private let makeDump: @Sendable () async throws -> Void

  /// - Parameter makeDump: writes a dump of the store.
  package init(makeDump: @escaping @Sendable () async throws -> Void) {
    self.makeDump = makeDump
  }

  /// Returns at once, unless everything was replaced.
  package func append(_ commit: Commit) async throws {
    if case .everything = commit.scope { try await makeDump() }
  }

  /// Returns at once, because memory has every change.
  package func confirm(through sequence: UInt64) async throws {}

  /// Never there: memory keeps every change.
  package var obstacle: String? { nil }
}
