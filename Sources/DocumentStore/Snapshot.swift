import JSON

/// The state of all collections at one moment. Taking a snapshot is O(1), and later writes do not change it.
package struct Snapshot: Sendable, DocumentReader {
  let version: StoreVersion

  /// The number of commits up to this snapshot. Two snapshots of one process with the same number are equal.
  package var sequence: UInt64 { version.sequence }

  /// The collections' names: the declared ones in their order, then the others in the order in which they were added.
  package var collections: [String] { version.table.collections.map(\.schema.name) }

  /// The number of documents in all collections.
  package var count: Int { version.table.collections.reduce(0) { $0 + $1.count } }

  /// The contents of one collection at the snapshot's moment.
  package func contents(of collection: String) -> CollectionContents {
    CollectionContents(collection: version.table[collection])
  }

  /// The first document with a string in a top-level field at the snapshot's moment.
  package func first(in collection: String, where field: String, is value: String) -> Document? {
    version.table.first(in: collection, where: field, is: value)
  }

  /// Calls `body` with each document's compact JSON, in the order of insertion.
  package func forEachDocument(in collection: String, _ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
    try contents(of: collection).collection?.forEach { _, document in
      try document.bytes.withUnsafeBytes(body)
    }
  }
}
