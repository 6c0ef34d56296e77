/// Rows in ascending order. No memory is allocated for one row, which is what most lookups find.
enum RowList: RandomAccessCollection {
  case none
  case one(Row)
  case many([Row])

  var startIndex: Int { 0 }

  var endIndex: Int {
    switch self {
    case .none: 0
    case .one: 1
    case .many(let rows): rows.count
    }
  }

  subscript(position: Int) -> Row {
    switch self {
    case .none: preconditionFailure("there is no row")
    case .one(let row): row
    case .many(let rows): rows[position]
    }
  }
}
