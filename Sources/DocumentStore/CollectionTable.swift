import JSON

/// Collections in the order of dumps, found by their names. A value: a copy is a snapshot.
struct CollectionTable: Sendable {
  private(set) var collections: [DocumentCollection]
  private var positions: [UTF8Key: Int]

  /// Collections without documents.
  init(schemas: [CollectionSchema]) {
    collections = schemas.map(DocumentCollection.init(schema:))
    // Of collections with the same name, the first is found.
    positions = Dictionary(schemas.enumerated().map { (UTF8Key($1.name), $0) }) { first, _ in first }
  }

  subscript(name: String) -> DocumentCollection? {
    positions[UTF8Key(name)].map { collections[$0] }
  }

  subscript(position: Int) -> DocumentCollection {
    get { collections[position] }
    _modify { yield &collections[position] }
  }

  /// The position of a collection; one that is not there yet is added behind the others.
  mutating func position(of name: String) -> Int {
    let key = UTF8Key(name)
    if let position = positions[key] { return position }
    collections.append(DocumentCollection(schema: CollectionSchema(name)))
    positions[key] = collections.count - 1
    return collections.count - 1
  }

  mutating func finishLoading() {
    for position in collections.indices { collections[position].finishLoading() }
  }
}
