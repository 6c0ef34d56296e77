package import JSON

/// The parts of documents that indexes and orders need, by collection. Threads share it to prepare documents.
package struct LoadPlan: Sendable {
  /// The plan of one collection.
  package struct Collection: Sendable {
    let indexes: [HashIndex]
    let orders: [OrderKey]
  }

  private let collections: [UTF8Key: Collection]
  private let undeclared: Collection

  init(schemas: [CollectionSchema]) {
    let plans = schemas.map { (UTF8Key($0.name), Self.plan(DocumentCollection(schema: $0))) }
    collections = Dictionary(plans) { first, _ in first }
    undeclared = Self.plan(DocumentCollection(schema: CollectionSchema("")))
  }

  /// The plan of a collection, declared or not.
  package subscript(name: String) -> Collection {
    if let collection = collections[UTF8Key(name)] { collection } else { undeclared }
  }

  private static func plan(_ collection: DocumentCollection) -> Collection {
    Collection(indexes: collection.emptyIndexes, orders: collection.orderKeys)
  }
}

/// Documents of one collection with what its indexes and orders need. They are prepared on any thread, and loaded in
/// their order by a `CollectionLoader`.
package struct PreparedDocuments: Sendable {
  private(set) var documents: [Document] = []
  /// For each index, the hashes of the documents; `nil` for those that are not in it.
  private(set) var hashes: [[UInt64?]]
  /// For each order, the prefixes of the sort keys.
  private(set) var prefixes: [[OrderKey.Prefix]]
  private let plan: LoadPlan.Collection
  private var compactor = JSONCompactor(maximumDepth: Document.maximumDepth)

  /// Begins without documents.
  ///
  /// - Parameter capacity: the number of documents to come.
  package init(_ plan: LoadPlan.Collection, capacity: Int = 0) {
    self.plan = plan
    documents.reserveCapacity(capacity)
    hashes = plan.indexes.map { _ in
      var list: [UInt64?] = []
      list.reserveCapacity(capacity)
      return list
    }
    prefixes = plan.orders.map { _ in
      var list: [OrderKey.Prefix] = []
      list.reserveCapacity(capacity)
      return list
    }
  }

  /// The number of documents.
  package var count: Int { documents.count }

  /// Adds one document.
  ///
  /// - Parameter bytes: one JSON object in any spelling.
  /// - Throws: `JSONError` when the bytes are not one JSON object.
  package mutating func append(importing bytes: UnsafeRawBufferPointer) throws(JSONError) {
    add(try Document(importing: bytes, with: &compactor))
  }

  /// Adds one document without looking at its text.
  ///
  /// - Parameter bytes: one JSON object as `JSONWriter` writes it. Bytes that are none do no harm to memory, but their
  ///   fields are not found.
  package mutating func append(canonical bytes: UnsafeRawBufferPointer) {
    add(Document(trusted: Array(bytes)))
  }

  private mutating func add(_ document: Document) {
    documents.append(document)
    for index in plan.indexes.indices { hashes[index].append(plan.indexes[index].hash(of: document)) }
    for order in plan.orders.indices { prefixes[order].append(plan.orders[order].prefix(of: document)) }
  }
}
