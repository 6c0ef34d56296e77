import Threads

/// Collections of JSON documents in memory.
///
/// A reader takes a snapshot, which costs one reference. A writer prepares the next version separately and publishes it
/// in one step. The lock around the current version is held only for that step, so readers and writers never wait for
/// each other. Writers run one at a time.
package final class DocumentStore: Sendable {
  /// Receives each commit, in order. A subscriber runs while no other writer runs, so it must be quick and must not
  /// write. Subscribers run in the order in which they were added, so what one publishes is known to those before it.
  package typealias Subscriber = @Sendable (Commit) -> Void

  private let current: Lock<StoreVersion>
  /// Held by the running writer. Subscribers are added under the same lock, so that none misses a commit.
  private let writer = Lock([Subscriber]())

  /// Creates a store whose declared collections are empty.
  ///
  /// - Parameter schemas: the collections that always exist, with their indexes, in the order of dumps.
  package init(schemas: [CollectionSchema]) {
    current = Lock(StoreVersion(sequence: 0, table: CollectionTable(schemas: schemas)))
  }

  /// The present state of all collections, consistent across them. Takes O(1).
  package func snapshot() -> Snapshot {
    Snapshot(version: current.withLock { $0 })
  }

  /// The state of all collections directly after an action. No commit happens between the two.
  ///
  /// - Parameter action: runs while no writer runs. A write whose `permit` runs after the action is not in the
  ///   snapshot. Every earlier write is.
  package func snapshot(after action: () -> Void) -> Snapshot {
    writer.withLock { _ in
      action()
      return snapshot()
    }
  }

  /// Adds a subscriber for the store's lifetime.
  ///
  /// - Returns: the state before the first commit that the subscriber receives.
  package func subscribe(_ subscriber: @escaping Subscriber) -> Snapshot {
    writer.withLock { subscribers in
      subscribers.append(subscriber)
      return snapshot()
    }
  }

  /// Makes changes that become visible together. If `permit` or `body` throws, the store does not change.
  ///
  /// - Parameters:
  ///   - permit: called after the changes are made and before they become visible, while no other writer runs. It is
  ///     not called when nothing changed.
  ///   - body: runs while other writers wait, so it must do no input or output and hash no passwords.
  /// - Returns: the value that the body returned, with the commit unless nothing changed.
  @discardableResult
  package func write<Value: Sendable, Failure: Error>(
    permit: (() throws(Failure) -> Void)? = nil, _ body: (inout Transaction) throws(Failure) -> Value
  ) throws(Failure) -> WriteResult<Value> {
    try writer.withLock { (subscribers) throws(Failure) in
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

  /// Replaces the whole contents at once. The calling thread frees the old contents, so call this where a long pause
  /// does no harm.
  ///
  /// - Parameters:
  ///   - permit: called before the new contents become visible, while no other writer runs.
  ///   - adjust: makes changes in the new contents before they become visible. It also gets the old contents.
  @discardableResult
  package func replaceAll<Failure: Error>(
    with loaded: LoadedCollections, permit: (() throws(Failure) -> Void)? = nil,
    adjust: (inout Transaction, Snapshot) throws(Failure) -> Void
  ) throws(Failure) -> Commit {
    try writer.withLock { (subscribers) throws(Failure) in
      let before = current.withLock { $0 }
      var transaction = Transaction(loaded.table)
      try adjust(&transaction, Snapshot(version: before))
      try permit?()
      return publish(transaction.table, .everything(then: transaction.changes), after: before, to: subscribers)
    }
  }

  private func publish(
    _ table: CollectionTable, _ scope: Commit.Scope, after before: StoreVersion, to subscribers: [Subscriber]
  ) -> Commit {
    let next = StoreVersion(sequence: before.sequence + 1, table: table)
    current.withLock { $0 = next }
    let commit = Commit(scope: scope, actor: Commit.presentActor, snapshot: Snapshot(version: next))
    for subscriber in subscribers { subscriber(commit) }
    return commit
  }
}
