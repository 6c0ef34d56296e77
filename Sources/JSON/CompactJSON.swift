/// Finds fields in compact JSON (as `JSONWriter` writes it) without parsing it.
package enum CompactJSON {
  /// The raw bytes of a field's value at the top level of an object.
  ///
  /// - Parameters:
  ///   - key: the key as it is written between its quotes (`JSONWriter.content(of:)`).
  ///   - bytes: one object in compact form. This is not checked.
  /// - Returns: the range of the value in `bytes`, or `nil` when the object has no such field.
  package static func rangeOfValue(
    forKey key: UnsafeRawBufferPointer, in bytes: UnsafeRawBufferPointer
  ) -> Range<Int>? {
    guard bytes.count > 2, bytes[0] == UInt8(ascii: "{") else { return nil }
    var position = 1
    while position < bytes.count, bytes[position] == UInt8(ascii: "\"") {
      guard let keyEnd = endOfString(in: bytes, from: position) else { return nil }
      let matches = keyEnd - position - 2 == key.count && hasBytes(key, in: bytes, at: position + 1)
      let valueStart = keyEnd + 1
      guard let valueEnd = endOfValue(in: bytes, from: valueStart) else { return nil }
      if matches { return valueStart..<valueEnd }
      position = valueEnd + 1
    }
    return nil
  }

  /// The range of a string's content, without its quotes, or `nil` when the value is not a string.
  package static func stringContent(_ range: Range<Int>, in bytes: UnsafeRawBufferPointer) -> Range<Int>? {
    guard range.count >= 2, bytes[range.lowerBound] == UInt8(ascii: "\"") else { return nil }
    return range.lowerBound + 1..<range.upperBound - 1
  }

  private static func hasBytes(
    _ expected: UnsafeRawBufferPointer, in bytes: UnsafeRawBufferPointer, at start: Int
  ) -> Bool {
    JSONGrammar.areSame(UnsafeRawBufferPointer(rebasing: bytes[start..<start + expected.count]), expected)
  }

  /// The position after the closing quote of the string that opens at `start`.
  private static func endOfString(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
    var position = start + 1
    while let stop = JSONGrammar.endOfPlainText(in: bytes, from: position) {
      if bytes[stop] == UInt8(ascii: "\"") { return stop + 1 }
      position = stop + 2
    }
    return nil
  }

  /// The position after the value that starts at `start`.
  private static func endOfValue(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
    var position = start
    var depth = 0
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "\""):
        guard let end = endOfString(in: bytes, from: position) else { return nil }
        position = end
        if depth == 0 { return position }
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        depth += 1
        position += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        if depth == 0 { return position }
        depth -= 1
        position += 1
        if depth == 0 { return position }
      case UInt8(ascii: ","):
        if depth == 0 { return position }
        position += 1
      default:
        position += 1
      }
    }
    return nil
  }
}
