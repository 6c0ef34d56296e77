import Threads

/// One collection of a dump on its way into memory: its documents, and what its indexes and orders are made of.
struct LoadingCollection: Sendable {
  let schema: CollectionSchema
  private var documents: [Document] = []
  private var entries: [FlatIndex.Entries]
  private var prefixes: [[OrderKey.Prefix]]

  init(schema: CollectionSchema) {
    self.schema = schema
    let empty = DocumentCollection(schema: schema)
    entries = empty.emptyIndexes.map { _ in FlatIndex.Entries() }
    prefixes = empty.orderKeys.map { _ in [] }
  }

  var count: Int { documents.count }

  mutating func append(_ prepared: PreparedDocuments) {
    let first = documents.count
    documents += prepared.documents
    for index in entries.indices {
      for (offset, hash) in prepared.hashes[index].enumerated() {
        guard let hash else { continue }
        entries[index].hashes.append(hash)
        entries[index].rows.append(Row(first + offset))
      }
    }
    for order in prefixes.indices { prefixes[order] += prepared.prefixes[order] }
  }

  /// Makes the indexes and orders, on several threads.
  ///
  /// - Returns: the collection, and for each unique index the rows whose values are those of an earlier row.
  func finish() -> (collection: DocumentCollection, repeated: [(fields: [String], rows: [Row])]) {
    let empty = DocumentCollection(schema: schema)
    let rows = RowTrie(documents)
    let workers = OrderedWorkers<Task, Made>(threads: documents.count > Self.worthThreads ? 2 : 0) { task in
      task.run(rows)
    }
    // The orders take the longest.
    for (key, prefixes) in zip(empty.orderKeys, prefixes) { workers.put(.order(key, prefixes)) }
    for (index, entries) in zip(empty.emptyIndexes, entries) { workers.put(.index(index, entries)) }
    var indexes: [HashIndex] = []
    var orders: [OrderedIndex] = []
    var repeated: [(fields: [String], rows: [Row])] = []
    while let made = workers.take() {
      switch made {
      case .order(let order): orders.append(order)
      case .index(let index, let rows):
        indexes.append(index)
        if !rows.isEmpty { repeated.append((index.fields, rows)) }
      }
    }
    return (DocumentCollection(empty, documents: rows, indexes: indexes, orders: orders), repeated)
  }

  /// Documents below which threads cost more than they save.
  private static let worthThreads = 10_000

  private enum Made: Sendable {
    case index(HashIndex, repeated: [Row])
    case order(OrderedIndex)
  }

  private enum Task: Sendable {
    case index(HashIndex, FlatIndex.Entries)
    case order(OrderKey, [OrderKey.Prefix])

    func run(_ rows: RowTrie) -> Made {
      switch self {
      case .index(var index, let entries):
        let repeated = index.fill(entries, in: rows)
        return .index(index, repeated: repeated)
      case .order(let key, let prefixes): return .order(OrderedIndex(key, prefixes, in: rows))
      }
    }
  }
}

extension OrderedIndex {
  /// Sorts rows by their documents. Most comparisons end at the prefixes. Documents are compared only when their
  /// prefixes are equal.
  ///
  /// - Parameter prefixes: of the documents in rows 0, 1, 2 and so on, all of which are there.
  init(_ key: OrderKey, _ prefixes: [OrderKey.Prefix], in documents: RowTrie) {
    var turns = Turns(every: 1 << 16)
    var entries = prefixes.enumerated().map { offset, prefix in
      turns.count()
      return (prefix: prefix, row: Row(offset))
    }
    Self.sort(&entries, key, documents)
    self.init(sorted: entries.map(\.row))
  }

  static func sort(
    _ entries: inout [(prefix: OrderKey.Prefix, row: Row)], _ key: OrderKey, _ documents: RowTrie
  ) {
    guard key.order != .insertion else { return }
    var turns = Turns(every: 4096)
    entries.sort { left, right in
      turns.count()
      if left.prefix != right.prefix { return left.prefix < right.prefix }
      guard let first = documents[left.row], let second = documents[right.row] else { return false }
      return key.precedes(first, left.row, second, right.row)
    }
  }
}
