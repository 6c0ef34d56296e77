package import JSON

/// Fills collections from a dump. The store is not touched, so a dump that fails halfway leaves it unchanged.
package struct CollectionLoader: ~Copyable {
  /// The plan by which documents are prepared on other threads.
  package let plan: LoadPlan
  private var collections: [LoadingCollection]
  private var positions: [UTF8Key: Int]

  /// Begins with the declared collections, all empty.
  package init(schemas: [CollectionSchema]) {
    plan = LoadPlan(schemas: schemas)
    collections = schemas.map(LoadingCollection.init(schema:))
    // If two schemas have the same name, a lookup finds the first one.
    positions = Dictionary(schemas.enumerated().map { (UTF8Key($1.name), $0) }) { first, _ in first }
  }

  /// Adds the collection if it is missing. A collection without documents is kept too.
  package mutating func begin(_ collection: String) {
    _ = position(of: collection)
  }

  /// Adds one document to a collection, and adds the collection if it is missing.
  ///
  /// - Parameter bytes: one JSON object.
  /// - Throws: `JSONError` when the bytes are not one JSON object.
  package mutating func append(_ bytes: UnsafeRawBufferPointer, to collection: String) throws(JSONError) {
    var documents = PreparedDocuments(plan[collection])
    try documents.append(importing: bytes)
    append(documents, to: collection)
  }

  /// Adds documents to a collection, and adds the collection if it is missing.
  ///
  /// - Parameter documents: prepared with the collection's plan.
  package mutating func append(_ documents: PreparedDocuments, to collection: String) {
    collections[position(of: collection)].append(documents)
  }

  /// The number of documents of a collection.
  package func count(of collection: String) -> Int {
    if let position = positions[UTF8Key(collection)] { collections[position].count } else { 0 }
  }

  /// Returns the loaded collections. The documents keep the order in which they were added.
  ///
  /// A dump's documents are all kept, even if a unique value occurs twice. Such conflicts are counted instead.
  package consuming func finish() -> LoadedCollections {
    var conflicts: [UTF8Key: Int] = [:]
    let finished = collections.map { loading in
      let (collection, repeated) = loading.finish()
      // A document counts once, for the first of its indexes.
      var counted: Set<Row> = []
      for (fields, rows) in repeated {
        let new = rows.filter { counted.insert($0).inserted }.count
        if new > 0 { conflicts[UTF8Key("\(loading.schema.name): \(fields.joined(separator: ", "))")] = new }
      }
      return collection
    }
    return LoadedCollections(table: CollectionTable(finished), conflicts: conflicts)
  }

  /// The position of a collection. A collection that is missing is added at the end.
  private mutating func position(of name: String) -> Int {
    let key = UTF8Key(name)
    if let position = positions[key] { return position }
    collections.append(LoadingCollection(schema: CollectionSchema(name)))
    positions[key] = collections.count - 1
    return collections.count - 1
  }
}

/// Loaded contents that are not in a store yet.
package struct LoadedCollections: Sendable {
  var table: CollectionTable
  /// The number of documents that repeat a value of a unique index, by collection and fields, such as `users:
  /// username`.
  package let conflicts: [UTF8Key: Int]

  /// The collections' names with their numbers of documents, in the order of the dump.
  package var counts: [(name: String, documents: Int)] { table.collections.map { ($0.schema.name, $0.count) } }
}
