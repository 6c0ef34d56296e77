import JSON

/// The collections in the order of dumps, found by name. This is a value: a copy is a snapshot.
struct CollectionTable: Sendable {
  private(set) var collections: [DocumentCollection]
  private var positions: [UTF8Key: Int]
  /// The name of the first collection, which most lookups are for: it needs no hash.
  private var firstName: String?

  /// Creates the declared collections without documents.
  init(schemas: [CollectionSchema]) {
    collections = schemas.map(DocumentCollection.init(schema:))
    // If two schemas have the same name, a lookup finds the first one.
    positions = Dictionary(schemas.enumerated().map { (UTF8Key($1.name), $0) }) { first, _ in first }
    firstName = schemas.first?.name
  }

  /// Creates a table of collections that are ready, in their order.
  init(_ collections: [DocumentCollection]) {
    self.collections = collections
    positions = Dictionary(collections.enumerated().map { (UTF8Key($1.schema.name), $0) }) { first, _ in first }
    firstName = collections.first?.schema.name
  }

  subscript(name: String) -> DocumentCollection? {
    place(of: name).map { collections[$0] }
  }

  /// The first document of a collection with a string in a top-level field.
  func first(in name: String, where field: String, is value: String) -> Document? {
    guard let place = place(of: name) else { return nil }
    return collections[place].first(where: field, is: value)
  }

  private func place(of name: String) -> Int? {
    if let firstName, firstName.hasSameBytes(as: name) { return 0 }
    return positions[UTF8Key(name)]
  }

  subscript(position: Int) -> DocumentCollection {
    get { collections[position] }
    _modify { yield &collections[position] }
  }

  /// The position of a collection. A collection that is missing is added at the end.
  mutating func position(of name: String) -> Int {
    if let place = place(of: name) { return place }
    if collections.isEmpty { firstName = name }
    collections.append(DocumentCollection(schema: CollectionSchema(name)))
    positions[UTF8Key(name)] = collections.count - 1
    return collections.count - 1
  }
}
