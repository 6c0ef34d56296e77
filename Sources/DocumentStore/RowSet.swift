import HashTreeCollections

/// The rows of one key of an index: one word for one row, a persistent set for several.
enum RowSet: Sendable {
  case one(Row)
  indirect case many(TreeSet<Row>)

  func contains(_ row: Row) -> Bool {
    switch self {
    case .one(let present): present == row
    case .many(let rows): rows.contains(row)
    }
  }

  /// The first row found for which `fits` returns true, in no particular order.
  func first(where fits: (Row) -> Bool) -> Row? {
    switch self {
    case .one(let row): fits(row) ? row : nil
    case .many(let rows): rows.first(where: fits)
    }
  }

  /// The rows in ascending order, which is the order of insertion.
  var sorted: RowList {
    switch self {
    case .one(let row): .one(row)
    case .many(let rows): .many(rows.sorted())
    }
  }

  mutating func insert(_ row: Row) {
    switch self {
    case .one(let present):
      if present != row { self = .many([present, row]) }
    case .many(var rows):
      self = .one(0)
      rows.insert(row)
      self = .many(rows)
    }
  }

  /// Removes a row.
  ///
  /// - Returns: the set without the row, or `nil` when it is empty then.
  func removing(_ row: Row) -> RowSet? {
    switch self {
    case .one(let present): return present == row ? nil : self
    case .many(var rows):
      rows.remove(row)
      return rows.count == 1 ? rows.first.map(RowSet.one) : .many(rows)
    }
  }
}
