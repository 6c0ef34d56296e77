package import JSON

/// Fills collections from a dump, apart from the store, so that a dump that fails half-way leaves the store as it is.
package struct CollectionLoader: ~Copyable {
  private var collections: [Collection]
  private var places: [UTF8Key: Int]
  private var compactor = JSONCompactor(maximumDepth: Document.maximumDepth)
  /// Places at which a value that should be unique comes again, as `users: username`; with how often.
  package private(set) var conflicts: [UTF8Key: Int] = [:]

  package init(schemas: [CollectionSchema]) {
    collections = schemas.map(Collection.init(schema:))
    places = StoreVersion.places(of: collections)
  }

  /// Makes sure that a collection is there, even with no documents in it.
  package mutating func begin(_ collection: String) {
    _ = place(of: collection)
  }

  /// Adds one document.
  ///
  /// - Parameter bytes: one JSON object.
  package mutating func append(_ bytes: UnsafeRawBufferPointer, to collection: String) throws(JSONError) {
    let document = try Document(importing: bytes, with: &compactor)
    if let fields = collections[place(of: collection)].load(document) {
      conflicts[UTF8Key("\(collection): \(fields.joined(separator: ", "))"), default: 0] += 1
    }
  }

  package consuming func finish() -> LoadedCollections {
    for place in collections.indices { collections[place].finishLoading() }
    return LoadedCollections(collections: collections)
  }

  private mutating func place(of collection: String) -> Int {
    if let place = places[UTF8Key(collection)] { return place }
    collections.append(Collection(schema: CollectionSchema(collection)))
    places[UTF8Key(collection)] = collections.count - 1
    return collections.count - 1
  }
}

/// The contents of a store that are not in it yet.
package struct LoadedCollections: Sendable {
  let collections: [Collection]

  /// Names and numbers of documents, in order.
  package var counts: [(name: String, documents: Int)] { collections.map { ($0.schema.name, $0.count) } }
}
