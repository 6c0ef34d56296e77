/// One document that a commit changed.
package struct Change: Sendable {
  /// The collection's name.
  package let collection: String
  /// The document before the commit, or `nil` when the commit inserted it.
  package let before: Document?
  /// The document after the commit, or `nil` when the commit deleted it.
  package let after: Document?

  /// The document's `_id`. It is `nil` only for a document of a dump that has no string there.
  package var id: String? { (after ?? before)?.id }
}

/// A change of the store that has happened: what a successful transaction left behind.
package struct Commit: Sendable {
  /// What a commit changed.
  package enum Scope: Sendable {
    /// Single documents: each at most once, in the order in which the transaction first touched them.
    case documents([Change])
    /// All documents of the store were replaced, as by a restore.
    case everything
  }

  package let scope: Scope
  /// The store as this commit left it.
  package let snapshot: Snapshot

  /// The number of the commit: 1 for the first one of the process, then without gaps.
  package var sequence: UInt64 { snapshot.sequence }
}

/// What a write returns.
package struct WriteResult<Value> {
  /// What the body returned.
  package let value: Value
  /// The commit, or `nil` when the body changed nothing.
  package let commit: Commit?
}

extension WriteResult: Sendable where Value: Sendable {}

/// Keeps commits. A write is acknowledged to its caller only when the log has its commit.
package protocol CommitLog: Sendable {
  /// Returns when the commit is as durable as the log promises.
  ///
  /// Calls of concurrent writers can arrive out of order. A log that needs the order subscribes to the store, and waits here
  /// until the commit's sequence number is durable.
  ///
  /// - Throws: when the commit is not durable. It has happened in memory all the same.
  func append(_ commit: Commit) async throws
}
