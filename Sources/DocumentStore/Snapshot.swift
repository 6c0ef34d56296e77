import JSON

/// All collections at one moment. Taking one is O(1); writers go on and never change what it shows.
package struct Snapshot: Sendable, DocumentReader {
  let version: StoreVersion

  /// Commits of this process up to the snapshot; two snapshots of the same number are the same.
  package var sequence: UInt64 { version.sequence }

  /// The collections' names: the declared ones in their order, then others as they came.
  package var collections: [String] { version.table.collections.map(\.schema.name) }

  /// Documents in all collections.
  package var count: Int { version.table.collections.reduce(0) { $0 + $1.count } }

  package func contents(of collection: String) -> CollectionContents {
    CollectionContents(collection: version.table[collection])
  }

  /// Calls `body` with each document's bytes in the order in which the documents came.
  package func forEachDocument(in collection: String, _ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
    try contents(of: collection).collection?.forEach { _, document in
      try document.bytes.withUnsafeBytes(body)
    }
  }
}
