import JSON

/// One collection with its documents and its indexes. This is a value: a copy is a snapshot, and costs four references.
struct DocumentCollection: Sendable {
  private final class Definition: Sendable {
    let schema: CollectionSchema
    let indexes: [IndexDefinition]
    /// The fields that have an index of their own, and its position.
    let single: [(field: String, index: Int)]

    init(_ schema: CollectionSchema) {
      self.schema = schema
      indexes =
        [IndexDefinition(fields: [DocumentCollection.identifier], isUnique: true)]
        + schema.unique.map { IndexDefinition(fields: $0, isUnique: true) }
        + schema.secondary.map { IndexDefinition(fields: $0, isUnique: false) }
      single = indexes.enumerated().compactMap { $1.fields.count == 1 ? ($1.fields[0], $0) : nil }
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
  /// The position of the first index that has this field alone, or `nil` when there is none.
  func index(ofOnly field: String) -> Int? {
    for (name, index) in definition.single where name.hasSameBytes(as: field) { return index }
    return nil
  }

  /// The first document with a string in the only field of an index.
  func first(in index: Int, _ value: String) -> Document? { indexes[index].first(value, in: documents) }

  /// The first document with a string in a top-level field.
  func first(where field: String, is value: String) -> Document? {
    if let index = index(ofOnly: field) { return first(in: index, value) }
    var first: Document?
    forEach { if first == nil, $1.holds(value, inField: field) { first = $1 } }
    return first
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
