import Threads

/// Collections of JSON documents in memory.
///
/// Readers take a snapshot, which costs a reference. A writer makes the next version on the side and publishes it in one
/// step. The lock around the current version is held for that step only, so that readers and writers never wait for each
/// other. Writers take turns.
package final class DocumentStore: Sendable {
  /// Gets each commit, in order. It runs while no other writer is at work, so it must be quick and must not write.
  package typealias Subscriber = @Sendable (Commit) -> Void

  private let current: Lock<StoreVersion>
  /// Held by the writer at work. The subscribers change in turn with writers, so that none misses a commit.
  private let turn = Lock([Subscriber]())

  /// - Parameter schemas: the collections that are always there, with their indexes, in the order of dumps.
  package init(schemas: [CollectionSchema]) {
    current = Lock(StoreVersion(sequence: 0, table: CollectionTable(schemas: schemas)))
  }

  /// All collections as they are now, consistent across them. O(1).
  package func snapshot() -> Snapshot {
    Snapshot(version: current.withLock { $0 })
  }

  /// All collections as they are now, after an action that no commit may come between.
  ///
  /// - Parameter action: runs while no writer is at work. A change whose `permit` sees it done is not in the snapshot; any
  ///   other is.
  package func snapshot(after action: () -> Void) -> Snapshot {
    turn.withLock { _ in
      action()
      return snapshot()
    }
  }

  /// Adds a subscriber for the store's lifetime.
  ///
  /// - Returns: the state after which the subscriber gets every commit.
  package func subscribe(_ subscriber: @escaping Subscriber) -> Snapshot {
    turn.withLock { subscribers in
      subscribers.append(subscriber)
      return snapshot()
    }
  }

  /// Makes changes that all become visible at once. When `permit` or `body` throws, none of them happens.
  ///
  /// - Parameters:
  ///   - permit: asked after all changes are made and before they become visible, while nobody else writes.
  ///   - body: runs while other writers wait, so it does no input or output and hashes no passwords.
  /// - Returns: what the body returned, with the commit unless nothing changed.
  @discardableResult
  package func write<Value: Sendable, Failure: Error>(
    permit: (() throws(Failure) -> Void)? = nil, _ body: (inout Transaction) throws(Failure) -> Value
  ) throws(Failure) -> WriteResult<Value> {
    try turn.withLock { (subscribers) throws(Failure) in
      let before = current.withLock { $0 }
      var transaction = Transaction(before.table)
      let value = try body(&transaction)
      let changes = transaction.changes
      guard !changes.isEmpty else { return WriteResult(value: value, commit: nil) }
      try permit?()
      let commit = publish(transaction.table, .documents(changes), after: before, to: subscribers)
      return WriteResult(value: value, commit: commit)
    }
  }

  /// Replaces the whole contents at once. The old contents are freed by the caller's thread: call this where a long pause
  /// does no harm.
  ///
  /// - Parameters:
  ///   - permit: asked before the new contents become visible, while nobody else writes.
  ///   - adjust: changes that must come with the new contents. It gets the old ones as well.
  @discardableResult
  package func replaceAll<Failure: Error>(
    with loaded: LoadedCollections, permit: (() throws(Failure) -> Void)? = nil,
    adjust: (inout Transaction, Snapshot) throws(Failure) -> Void
  ) throws(Failure) -> Commit {
    try turn.withLock { (subscribers) throws(Failure) in
      let before = current.withLock { $0 }
      var transaction = Transaction(loaded.table)
      try adjust(&transaction, Snapshot(version: before))
      try permit?()
      return publish(transaction.table, .everything, after: before, to: subscribers)
    }
  }

  private func publish(
    _ table: CollectionTable, _ scope: Commit.Scope, after before: StoreVersion, to subscribers: [Subscriber]
  ) -> Commit {
    let next = StoreVersion(sequence: before.sequence + 1, table: table)
    current.withLock { $0 = next }
    let commit = Commit(scope: scope, snapshot: Snapshot(version: next))
    for subscriber in subscribers { subscriber(commit) }
    return commit
  }
}
