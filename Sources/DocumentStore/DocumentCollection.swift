import JSON

/// One collection with its documents and its indexes. This is a value: a copy is a snapshot, and costs four references.
struct DocumentCollection: Sendable {
  private final class Definition: Sendable {
    let schema: CollectionSchema
    let indexes: [IndexDefinition]

    init(_ schema: CollectionSchema) {
      self.schema = schema
      indexes =
        [IndexDefinition(fields: [DocumentCollection.identifier], isUnique: true)]
        + schema.unique.map { IndexDefinition(fields: $0, isUnique: true) }
        + schema.secondary.map { IndexDefinition(fields: $0, isUnique: false) }
    }
  }

  private let definition: Definition
  private var documents = RowTrie()
  private var nextRow: Row = 0
  private var indexes: [HashIndex]
  private var orders: [(key: OrderKey, rows: OrderedIndex)]

  static let identifier = "_id"

  init(schema: CollectionSchema) {
    definition = Definition(schema)
    indexes = definition.indexes.map(HashIndex.init)
    orders = schema.orders.map { (OrderKey($0), OrderedIndex()) }
  }

  var schema: CollectionSchema { definition.schema }

  var count: Int { documents.count }

  /// A number above that of every row.
  var rowBound: Int { Int(nextRow) }

  subscript(row: Row) -> Document? { documents[row] }

  func forEach(_ body: (Row, Document) throws -> Void) rethrows {
    try documents.forEach(body)
  }
}

// MARK: - Changes

extension DocumentCollection {
  mutating func insert(_ document: Document) throws(StoreError) -> Row {
    try checkUnique(document, except: nil)
    let row = nextRow
    nextRow += 1
    documents.set(row, to: document)
    for index in indexes.indices { indexes[index].insert(row, document) }
    for order in orders.indices { insert(row, document, intoOrder: order) }
    return row
  }

  mutating func replace(_ row: Row, with document: Document) throws(StoreError) {
    guard let before = documents[row] else { return }
    try checkUnique(document, except: row)
    let changedOrders = orders.indices.filter { order in
      orders[order].key.precedes(before, row, document, row) || orders[order].key.precedes(document, row, before, row)
    }
    for order in changedOrders { remove(row, before, fromOrder: order) }
    documents.set(row, to: document)
    for index in indexes.indices where !indexes[index].hasSameValues(before, document) {
      indexes[index].remove(row, before)
      indexes[index].insert(row, document)
    }
    for order in changedOrders { insert(row, document, intoOrder: order) }
  }

  mutating func remove(_ row: Row) {
    guard let document = documents[row] else { return }
    for order in orders.indices { remove(row, document, fromOrder: order) }
    for index in indexes.indices { indexes[index].remove(row, document) }
    documents.set(row, to: nil)
  }

  private func checkUnique(_ document: Document, except row: Row?) throws(StoreError) {
    for index in indexes where index.isUnique {
      if index.conflict(of: document, except: row, in: documents) != nil {
        throw StoreError.duplicateKey(collection: schema.name, fields: index.fields)
      }
    }
  }

  private mutating func insert(_ row: Row, _ document: Document, intoOrder order: Int) {
    let key = orders[order].key
    let documents = documents
    orders[order].rows.insert(row) { other in
      documents[other].map { key.precedes($0, other, document, row) } ?? false
    }
  }

  private mutating func remove(_ row: Row, _ document: Document, fromOrder order: Int) {
    let key = orders[order].key
    let documents = documents
    orders[order].rows.remove(row) { other in
      documents[other].map { key.precedes($0, other, document, row) } ?? false
    }
  }
}

// MARK: - Loading

extension DocumentCollection {
  /// The indexes without entries.
  var emptyIndexes: [HashIndex] { definition.indexes.map(HashIndex.init) }

  /// The sort keys of the orders.
  var orderKeys: [OrderKey] { orders.map(\.key) }

  /// A collection of these parts.
  ///
  /// - Parameters:
  ///   - empty: the same collection without documents.
  ///   - indexes: in the order of `emptyIndexes`.
  ///   - orders: in the order of `orderKeys`.
  init(_ empty: DocumentCollection, documents: RowTrie, indexes: [HashIndex], orders: [OrderedIndex]) {
    definition = empty.definition
    self.documents = documents
    nextRow = Row(documents.count)
    self.indexes = indexes
    self.orders = zip(empty.orderKeys, orders).map { ($0, $1) }
  }

  private func sorted(by key: OrderKey) -> (key: OrderKey, rows: OrderedIndex) {
    var entries: [(prefix: OrderKey.Prefix, row: Row)] = []
    entries.reserveCapacity(count)
    documents.forEach { entries.append((key.prefix(of: $1), $0)) }
    OrderedIndex.sort(&entries, key, documents)
    return (key, OrderedIndex(sorted: entries.map(\.row)))
  }
}

// MARK: - Lookups

extension DocumentCollection {
  /// The result of a lookup through an index.
  struct Found {
    let document: Document?
  }

  /// The first document with a string in one top-level field, or `nil` when there are more fields, or no index has that
  /// field alone.
  func first(_ values: KeyValuePairs<String, String>) -> Found? {
    guard values.count == 1, let position = definition.indexes.firstIndex(where: { $0.hasOnly(values[0].key) }) else {
      return nil
    }
    return Found(document: indexes[position].first(values[0].value, in: documents))
  }

  /// Finds rows through an index. All documents with these field values are among them. Returns `nil` when no index
  /// applies.
  func candidates(_ values: some Collection<(key: String, value: String)>) -> RowList? {
    guard let position = bestIndex(for: values) else { return nil }
    // The filter compares the value of each candidate.
    guard let rows = indexes[position].candidates(values) else { return RowList.none }
    return rows.sorted
  }

  /// The position of the index that leaves the fewest candidates, or `nil` when none applies.
  private func bestIndex(for values: some Collection<(key: String, value: String)>) -> Int? {
    var (best, fields) = (Int?.none, 0)
    for (position, index) in definition.indexes.enumerated() where index.serves(values) {
      // A unique index leaves at most one candidate. Among other indexes, one with more fields leaves fewer candidates.
      if index.isUnique { return position }
      let count = index.fields.count
      if count > fields { (best, fields) = (position, count) }
    }
    return best
  }

  /// The documents of one page of an order. An order that the schema does not declare is sorted for this call.
  ///
  /// - Parameter hidden: rows to leave out, as if they did not exist. Each one costs a lookup, so there should be few.
  func page(_ order: CollectionSchema.Order, offset: Int, limit: Int, hiding hidden: [Row]) -> [Document] {
    let (key, rows) = orders.first { $0.key.order == order } ?? sorted(by: OrderKey(order))
    let hiddenRanks = hidden.compactMap { row in
      documents[row].map { document in
        rows.rank { other in documents[other].map { key.precedes($0, other, document, row) } ?? false }
      }
    }
    // The visible row with index k comes after every hidden row whose rank is not above its own.
    let start = hiddenRanks.sorted().reduce(offset) { $1 <= $0 ? $0 + 1 : $0 }
    return rows.rows(from: start, limit: limit + hidden.count)
      .filter { !hidden.contains($0) }
      .prefix(limit)
      .compactMap { documents[$0] }
  }
}
