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

/// The changes that one successful transaction made in the store.
package struct Commit: Sendable {
  /// The extent of a commit's changes.
  package enum Scope: Sendable {
    /// Single documents. Each document occurs at most once, in the order in which the transaction first touched them.
    case documents([Change])
    /// All documents of the store were replaced, as by a restore, and then these were changed.
    case everything(then: [Change])
  }

  /// The account for which changes are made, as the log of commits names it. `nil` stands for the gateway itself.
  @TaskLocal package static var presentActor: String?

  /// The documents that this commit changed.
  package let scope: Scope
  /// The account for which the changes were made, or `nil` when the gateway made them.
  package let actor: String?
  /// The store directly after this commit.
  package let snapshot: Snapshot

  /// The commit's number. The first commit of the process has number 1, and there are no gaps.
  package var sequence: UInt64 { snapshot.sequence }
}

/// The result of a write.
package struct WriteResult<Value> {
  /// The value that the body returned.
  package let value: Value
  /// The commit, or `nil` when the body changed nothing.
  package let commit: Commit?
}

extension WriteResult: Sendable where Value: Sendable {}

/// Stores commits. A write is acknowledged to its client only when the log has its commit.
package protocol CommitLog: Sendable {
  /// Returns when the commit is as durable as the log promises.
  ///
  /// Concurrent writers can call this out of order. A log that needs the order subscribes to the store, and waits here
  /// until the commit's sequence number is durable.
  ///
  /// - Throws: when the commit is not durable. The change stays in memory all the same.
  func append(_ commit: Commit) async throws

  /// Returns when every commit up to a number is as durable as the log promises. A write that changed nothing is
  /// answered then, because the change that it asked for may be another client's.
  ///
  /// - Throws: when one of them is not durable.
  func confirm(through sequence: UInt64) async throws

  /// The reason why no further change can be kept now, or `nil` when it can.
  var obstacle: String? { get }
}
