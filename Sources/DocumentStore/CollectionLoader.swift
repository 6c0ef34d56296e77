package import JSON

/// Fills collections from a dump. The store is not touched, so a dump that fails halfway leaves it unchanged.
package struct CollectionLoader: ~Copyable {
  private var table: CollectionTable
  private var compactor = JSONCompactor(maximumDepth: Document.maximumDepth)
  /// The number of documents that repeat a value of a unique index, by collection and fields, such as `users:
  /// username`.
  package private(set) var conflicts: [UTF8Key: Int] = [:]

  /// Begins with the declared collections, all empty.
  package init(schemas: [CollectionSchema]) {
    table = CollectionTable(schemas: schemas)
  }

  /// Adds the collection if it is missing. A collection without documents is kept too.
  package mutating func begin(_ collection: String) {
    _ = table.position(of: collection)
  }

  /// Adds one document to a collection, and adds the collection if it is missing.
  ///
  /// - Parameter bytes: one JSON object.
  /// - Throws: `JSONError` when the bytes are not one JSON object.
  package mutating func append(_ bytes: UnsafeRawBufferPointer, to collection: String) throws(JSONError) {
    let document = try Document(importing: bytes, with: &compactor)
    let position = table.position(of: collection)
    if let fields = table[position].load(document) {
      conflicts[UTF8Key("\(collection): \(fields.joined(separator: ", "))"), default: 0] += 1
    }
  }

  /// Returns the loaded collections. The documents keep the order in which they were added.
  package consuming func finish() -> LoadedCollections {
    table.finishLoading()
    return LoadedCollections(table: table)
  }
}

/// Loaded contents that are not in a store yet.
package struct LoadedCollections: Sendable {
  let table: CollectionTable

  /// The collections' names with their numbers of documents, in the order of the dump.
  package var counts: [(name: String, documents: Int)] { table.collections.map { ($0.schema.name, $0.count) } }
}
