package import JSON

/// Fills collections from a dump, apart from the store, so that a dump that fails half-way leaves the store as it is.
package struct CollectionLoader: ~Copyable {
  private var table: CollectionTable
  private var compactor = JSONCompactor(maximumDepth: Document.maximumDepth)
  /// How often a value that should be unique came again, by collection and fields, as `users: username`.
  package private(set) var conflicts: [UTF8Key: Int] = [:]

  package init(schemas: [CollectionSchema]) {
    table = CollectionTable(schemas: schemas)
  }

  /// Makes sure that a collection is there, even with no documents in it.
  package mutating func begin(_ collection: String) {
    _ = table.position(of: collection)
  }

  /// Adds one document.
  ///
  /// - Parameter bytes: one JSON object.
  package mutating func append(_ bytes: UnsafeRawBufferPointer, to collection: String) throws(JSONError) {
    let document = try Document(importing: bytes, with: &compactor)
    let position = table.position(of: collection)
    if let fields = table[position].load(document) {
      conflicts[UTF8Key("\(collection): \(fields.joined(separator: ", "))"), default: 0] += 1
    }
  }

  /// The loaded collections, with their documents in order.
  package consuming func finish() -> LoadedCollections {
    table.finishLoading()
    return LoadedCollections(table: table)
  }
}

/// The contents of a store that are not in it yet.
package struct LoadedCollections: Sendable {
  let table: CollectionTable

  /// Names and numbers of documents, in order.
  package var counts: [(name: String, documents: Int)] { table.collections.map { ($0.schema.name, $0.count) } }
}
