import JSON

/// Collections of JSON documents in memory.
///
/// Readers take a snapshot, which costs a reference; writers make the next version on the side and put it in place in
/// one step. The lock around the current version is held for that swap only: a writer never waits for a reader, nor a
/// reader for a writer. Writers take turns.
package final class DocumentStore: Sendable {
  private let current: Lock<StoreVersion>
  private let turn = Lock(())

  /// - Parameter schemas: the collections that are always there, with their indexes, in the order of dumps.
  package init(schemas: [CollectionSchema]) {
    current = Lock(StoreVersion(sequence: 0, collections: schemas.map(Collection.init(schema:))))
  }

  /// All collections as they are now, consistent across them. O(1).
  package func snapshot() -> Snapshot {
    Snapshot(version: current.withLock { $0 })
  }

  /// All collections as they are now, after something that no change may come between.
  ///
  /// - Parameter action: runs while no writer is at work; a change whose `permit` sees it done is not in the snapshot, any other is.
  package func snapshot(after action: () -> Void) -> Snapshot {
    turn.withLock { _ in
      action()
      return snapshot()
    }
  }

  /// Makes changes that are all seen at once; when `permit` or `body` throws, none of them happens.
  ///
  /// - Parameters:
  ///   - permit: asked when all changes are made, before they are seen, while nobody else writes.
  ///   - body: runs while other writers wait: no input or output, no hashing of passwords in it.
  package func write<Value: Sendable, Failure: Error>(
    permit: (() throws(Failure) -> Void)? = nil, _ body: (inout Transaction) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    try turn.withLock { (_) throws(Failure) in
      let before = current.withLock { $0 }
      var transaction = Transaction(before)
      let value = try body(&transaction)
      if transaction.isChanged {
        try permit?()
        put(transaction.collections, transaction.places, after: before)
      }
      return value
    }
  }

  /// Puts other contents in the place of all there is, seen at once. What was there is freed by the caller's thread:
  /// call this where a long pause does no harm.
  ///
  /// - Parameters:
  ///   - permit: asked before they are seen, while nobody else writes.
  ///   - adjust: changes that must come with the new contents.
  package func replaceAll<Failure: Error>(
    with loaded: LoadedCollections, permit: (() throws(Failure) -> Void)? = nil,
    adjust: (inout Transaction, Snapshot) throws(Failure) -> Void
  ) throws(Failure) {
    try turn.withLock { (_) throws(Failure) in
      let before = current.withLock { $0 }
      var transaction = Transaction(StoreVersion(sequence: before.sequence, collections: loaded.collections))
      try adjust(&transaction, Snapshot(version: before))
      try permit?()
      put(transaction.collections, transaction.places, after: before)
    }
  }

  private func put(_ collections: [Collection], _ places: [UTF8Key: Int], after before: StoreVersion) {
    let next = StoreVersion(sequence: before.sequence + 1, collections: collections, places: places)
    current.withLock { $0 = next }
  }
}
