/// A string as a key of a dictionary or an element of a set, compared by its UTF-8 bytes.
///
/// Swift's `String` regards `é` and `e` with a combining accent as equal, and gives them the same hash. Names and keys
/// from outside differ when their bytes do.
package struct UTF8Key: Hashable, Sendable {
  /// The string.
  package let text: String

  /// A key with the bytes of a string.
  package init(_ text: String) {
    self.text = text
  }

  package static func == (left: UTF8Key, right: UTF8Key) -> Bool {
    left.text.hasSameBytes(as: right.text)
  }

  package func hash(into hasher: inout Hasher) {
    var text = text
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    // This byte, which no UTF-8 text contains, separates the hashes of consecutive texts.
    hasher.combine(0xFF as UInt8)
  }
}

extension UTF8Key: Comparable, CustomStringConvertible {
  package static func < (left: UTF8Key, right: UTF8Key) -> Bool {
    left.text.precedesByBytes(right.text)
  }

  package var description: String { text }
}
