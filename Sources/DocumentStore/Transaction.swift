import FoundationEssentials
package import JSON

/// Changes that become visible together, or not at all when the body that makes them throws.
package struct Transaction: DocumentReader {
  private(set) var collections: [Collection]
  private(set) var places: [UTF8Key: Int]
  private(set) var isChanged = false

  init(_ version: StoreVersion) {
    collections = version.collections
    places = version.places
  }

  package func contents(of collection: String) -> CollectionContents {
    CollectionContents(collection: places[UTF8Key(collection)].map { collections[$0] })
  }

  /// Adds a document; one without `_id` gets a random one.
  ///
  /// - Returns: the document as it is kept.
  @discardableResult
  package mutating func insert(_ object: JSONObject, into collection: String) throws(StoreError) -> JSONObject {
    var object = object
    if object[Collection.identifier]?.string == nil {
      object[Collection.identifier] = .string(UUID().uuidString.lowercased())
    }
    _ = try collections[place(of: collection)].insert(Document(object))
    isChanged = true
    return object
  }

  /// Applies operations to every matching document.
  ///
  /// - Returns: how many matched.
  @discardableResult
  package mutating func update(
    in collection: String, _ filter: Filter, _ operations: [UpdateOperation]
  ) throws(StoreError) -> Int {
    let matches = matches(in: collection, filter)
    for (row, document) in matches {
      let updated: JSONObject
      do {
        updated = try document.object.applying(operations)
      } catch {
        throw StoreError.invalidUpdate(error)
      }
      try replace(row, document, with: updated, in: collection)
    }
    return matches.count
  }

  /// Puts another object in the place of the first matching document; its `_id` stays.
  ///
  /// - Returns: whether there was one.
  @discardableResult
  package mutating func replace(
    in collection: String, _ filter: Filter, with object: JSONObject
  ) throws(StoreError) -> Bool {
    guard let (row, document) = matches(in: collection, filter).first else { return false }
    var object = object
    if object[Collection.identifier] == nil { object[Collection.identifier] = document.value("_id") }
    try replace(row, document, with: object, in: collection)
    return true
  }

  /// - Returns: how many were deleted.
  @discardableResult
  package mutating func delete(from collection: String, _ filter: Filter) -> Int {
    let matches = matches(in: collection, filter)
    guard !matches.isEmpty else { return 0 }
    let place = place(of: collection)
    for (row, _) in matches { collections[place].remove(row) }
    isChanged = true
    return matches.count
  }

  private mutating func replace(
    _ row: Row, _ before: Document, with object: JSONObject, in collection: String
  ) throws(StoreError) {
    guard object[Collection.identifier] == before.value("_id") else {
      throw StoreError.identifierChanged(collection: collection)
    }
    let document = Document(object)
    guard document.bytes != before.bytes else { return }
    try collections[place(of: collection)].replace(row, with: document)
    isChanged = true
  }

  /// The place of a collection, which comes into being when something is put into it.
  private mutating func place(of collection: String) -> Int {
    if let place = places[UTF8Key(collection)] { return place }
    collections.append(Collection(schema: CollectionSchema(collection)))
    places[UTF8Key(collection)] = collections.count - 1
    return collections.count - 1
  }
}
