import JSON

/// One collection with its documents and its indexes. This is a value: a copy is a snapshot.
struct DocumentCollection: Sendable {
  let schema: CollectionSchema
  private var documents = RowTrie()
  private var nextRow: Row = 0
  private var indexes: [HashIndex]
  private var orders: [(key: OrderKey, rows: OrderedIndex)]

  static let identifier = "_id"

  init(schema: CollectionSchema) {
    self.schema = schema
    indexes =
      [HashIndex(fields: [Self.identifier], isUnique: true)]
      + schema.unique.map { HashIndex(fields: $0, isUnique: true) }
      + schema.secondary.map { HashIndex(fields: $0, isUnique: false) }
    orders = schema.orders.map { (OrderKey($0), OrderedIndex()) }
  }

  var count: Int { documents.count }

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
  /// Adds a document of a dump. `finishLoading` builds the orders later.
  ///
  /// A dump's documents are all kept, even if a unique value occurs twice. Such a conflict is reported instead.
  ///
  /// - Returns: the fields of a unique index in which another document has the same values, or `nil`.
  mutating func load(_ document: Document) -> [String]? {
    let row = nextRow
    nextRow += 1
    documents.set(row, to: document)
    var conflict: [String]?
    for index in indexes.indices {
      let isAlone = indexes[index].insert(row, document)
      if !isAlone, conflict == nil, indexes[index].isUnique,
        indexes[index].conflict(of: document, except: row, in: documents) != nil
      {
        conflict = indexes[index].fields
      }
    }
    return conflict
  }

  /// Sorts the rows once, which is several times as fast as inserting each row into its order.
  mutating func finishLoading() {
    for order in orders.indices { orders[order] = sorted(by: orders[order].key) }
  }

  private func sorted(by key: OrderKey) -> (key: OrderKey, rows: OrderedIndex) {
    var entries: [(prefix: (UInt64, UInt64), row: Row)] = []
    entries.reserveCapacity(count)
    documents.forEach { entries.append((key.prefix(of: $1), $0)) }
    if key.order != .insertion {
      // Most comparisons end at the prefixes. Documents are compared only when their prefixes are equal.
      entries.sort { left, right in
        if left.prefix != right.prefix { return left.prefix < right.prefix }
        guard let first = documents[left.row], let second = documents[right.row] else { return false }
        return key.precedes(first, left.row, second, right.row)
      }
    }
    return (key, OrderedIndex(sorted: entries.map(\.row)))
  }
}

// MARK: - Lookups

extension DocumentCollection {
  /// Finds rows through an index. All documents with these field values are among them. Returns `nil` when no index
  /// applies.
  func candidates(_ values: [(field: String, value: String)]) -> [Row]? {
    var best: (index: HashIndex, wanted: [String])?
    for index in indexes {
      var wanted: [String] = []
      for field in index.fields {
        guard let value = values.first(where: { $0.field.hasSameBytes(as: field) })?.value else { break }
        wanted.append(value)
      }
      guard wanted.count == index.fields.count else { continue }
      // A unique index leaves at most one candidate. Among other indexes, one with more fields leaves fewer candidates.
      if index.isUnique {
        best = (index, wanted)
        break
      }
      if index.fields.count > best?.wanted.count ?? 0 { best = (index, wanted) }
    }
    guard let (index, wanted) = best else { return nil }
    // The filter compares the value of each candidate.
    return index.candidates(wanted)?.sorted ?? []
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
