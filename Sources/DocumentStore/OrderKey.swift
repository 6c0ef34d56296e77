import JSON

/// The sort key of an order: the UTF-8 bytes of a field, or nothing for the order of insertion.
struct OrderKey: Sendable {
  /// The first 16 bytes of a sort key, as two numbers that sort like the bytes.
  typealias Prefix = (UInt64, UInt64)

  let order: CollectionSchema.Order
  private let field: [UInt8]?

  init(_ order: CollectionSchema.Order) {
    self.order = order
    field =
      switch order {
      case .insertion: nil
      case .field(let name): JSONWriter.content(of: name)
      }
  }

  /// Whether the left document (at its row) comes before the right one.
  func precedes(_ left: Document, _ leftRow: Row, _ right: Document, _ rightRow: Row) -> Bool {
    guard let field else { return leftRow < rightRow }
    return left.withStringContent(of: field) { left in
      right.withStringContent(of: field) { right in
        switch (left, right) {
        case (nil, nil): leftRow < rightRow
        case (nil, _): true
        case (_, nil): false
        case (let left?, let right?):
          switch Self.compare(left, right) {
          case 0: leftRow < rightRow
          case let difference: difference < 0
          }
        }
      }
    }
  }

  /// The first 16 bytes of the sort key, as two numbers that sort like the bytes. Documents with equal prefixes can
  /// still differ.
  func prefix(of document: Document) -> Prefix {
    guard let field else { return (0, 0) }
    return document.withStringContent(of: field) { content in
      guard let content else { return (0, 0) }
      return Self.prefix(of: content)
    }
  }

  private static func prefix(of content: UnsafeRawBufferPointer) -> (UInt64, UInt64) {
    var words: (UInt64, UInt64) = (0, 0)
    withUnsafeMutableBytes(of: &words) { memory in
      var characters = CompactText(content)
      for index in memory.indices {
        guard let byte = characters.next() else { break }
        memory[index] = byte
      }
    }
    return (UInt64(bigEndian: words.0), UInt64(bigEndian: words.1))
  }

  /// Compares two texts by their bytes: below 0 when the left one comes first, above 0 when the right one does, 0 when
  /// they are equal.
  private static func compare(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
    var left = CompactText(left)
    var right = CompactText(right)
    while true {
      switch (left.next(), right.next()) {
      case (nil, nil): return 0
      case (nil, _): return -1
      case (_, nil): return 1
      case (let one?, let other?): if one != other { return Int(one) - Int(other) }
      }
    }
  }
}
