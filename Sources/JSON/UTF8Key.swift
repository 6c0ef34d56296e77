/// A string as a key of a dictionary or an element of a set, told apart from others by its UTF-8 bytes.
///
/// Swift's `String` regards `é` and `e` with a combining accent as equal, and hashes them alike. Names and keys from
/// outside are different when their bytes are.
package struct UTF8Key: Hashable, Sendable {
  package let text: String

  package init(_ text: String) {
    self.text = text
  }

  package static func == (left: UTF8Key, right: UTF8Key) -> Bool {
    left.text.hasSameBytes(as: right.text)
  }

  package func hash(into hasher: inout Hasher) {
    var text = text
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    // Ends the text, so that the hashes of several in a row depend on where each ends.
    hasher.combine(0xFF as UInt8)
  }
}

extension UTF8Key: Comparable, CustomStringConvertible {
  package static func < (left: UTF8Key, right: UTF8Key) -> Bool {
    left.text.precedesByBytes(right.text)
  }

  package var description: String { text }
}
