import JSON

/// The collections in the order of dumps, found by name. This is a value: a copy is a snapshot.
struct CollectionTable: Sendable {
  private(set) var collections: [DocumentCollection]
  private var positions: [UTF8Key: Int]

  /// Creates the declared collections without documents.
  init(schemas: [CollectionSchema]) {
    collections = schemas.map(DocumentCollection.init(schema:))
    // If two schemas have the same name, a lookup finds the first one.
    positions = Dictionary(schemas.enumerated().map { (UTF8Key($1.name), $0) }) { first, _ in first }
  }

  /// Creates a table of collections that are ready, in their order.
  init(_ collections: [DocumentCollection]) {
    self.collections = collections
    positions = Dictionary(collections.enumerated().map { (UTF8Key($1.schema.name), $0) }) { first, _ in first }
  }

  subscript(name: String) -> DocumentCollection? {
    positions[UTF8Key(name)].map { collections[$0] }
  }

  subscript(position: Int) -> DocumentCollection {
    get { collections[position] }
    _modify { yield &collections[position] }
  }

  /// The position of a collection. A collection that is missing is added at the end.
  mutating func position(of name: String) -> Int {
    let key = UTF8Key(name)
    if let position = positions[key] { return position }
    collections.append(DocumentCollection(schema: CollectionSchema(name)))
    positions[key] = collections.count - 1
    return collections.count - 1
  }
}
