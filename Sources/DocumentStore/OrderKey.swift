import JSON

/// What a document is sorted by in one order: the UTF-8 bytes of a field, or nothing for the order of insertion.
struct OrderKey: Sendable {
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

  /// The first 16 bytes of what a document is sorted by, as numbers that sort alike. Equal ones say nothing yet.
  func prefix(of document: Document) -> (UInt64, UInt64) {
    guard let field else { return (0, 0) }
    return document.withStringContent(of: field) { content in
      guard let content else { return (0, 0) }
      if content.contains(UInt8(ascii: "\\")) {
        return Array(Self.unescaped(content).utf8).withUnsafeBytes { Self.prefix(of: $0) }
      }
      return Self.prefix(of: content)
    }
  }

  private static func prefix(of text: UnsafeRawBufferPointer) -> (UInt64, UInt64) {
    var words: (UInt64, UInt64) = (0, 0)
    withUnsafeMutableBytes(of: &words) { $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: text.prefix(16))) }
    return (UInt64(bigEndian: words.0), UInt64(bigEndian: words.1))
  }

  /// Below, above or equal to 0 as the left text comes before, behind or equals the right one.
  private static func compare(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
    let common = min(left.count, right.count)
    for index in 0..<common where left[index] != right[index] {
      // Up to here both are alike; an escape sequence from here on stands for another byte than its backslash.
      if left[index] == UInt8(ascii: "\\") || right[index] == UInt8(ascii: "\\") || escapes(before: index, in: left) {
        return compareUnescaped(left, right)
      }
      return Int(left[index]) - Int(right[index])
    }
    return left.count - right.count
  }

  private static func escapes(before index: Int, in text: UnsafeRawBufferPointer) -> Bool {
    index > 0 && text[..<index].contains(UInt8(ascii: "\\"))
  }

  private static func compareUnescaped(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
    let left = unescaped(left)
    let right = unescaped(right)
    if left.hasSameBytes(as: right) { return 0 }
    return left.precedesByBytes(right) ? -1 : 1
  }

  private static func unescaped(_ content: UnsafeRawBufferPointer) -> String {
    let quote = [UInt8(ascii: "\"")]
    return (try? JSONParser().parse(quote + Array(content) + quote))?.string ?? ""
  }
}
