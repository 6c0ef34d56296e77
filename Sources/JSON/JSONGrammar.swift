/// The tokens of JSON in raw bytes, shared by the parser, the compactor and the field lookup.
package enum JSONGrammar {
  static func isWhitespace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
  }

  static func isDigit(_ byte: UInt8) -> Bool {
    byte &- UInt8(ascii: "0") < 10
  }

  /// The first byte from `start` that a string can't hold as it is: a quote, a backslash or a control character.
  static func endOfPlainText(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
    var isASCII = true
    return endOfPlainText(in: bytes, from: start, isASCII: &isASCII)
  }

  /// The first byte from `start` that a string can't hold as it is: a quote, a backslash or a control character.
  ///
  /// The function reads eight bytes at a time, because most of a document is inside strings.
  ///
  /// - Parameter isASCII: becomes `false` when a byte before that one is not ASCII.
  @inline(__always)
  static func endOfPlainText(in bytes: UnsafeRawBufferPointer, from start: Int, isASCII: inout Bool) -> Int? {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let highs: UInt64 = 0x8080_8080_8080_8080
    var position = start
    while position + 8 <= bytes.count {
      let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
      let quote = word ^ (ones &* 0x22)
      let slash = word ^ (ones &* 0x5C)
      // The high bit of a byte is set where the byte is zero (quote, slash) or below 0x20. A borrow can only set bits
      // above a correct one, so the lowest set bit is correct.
      let hits = ((quote &- ones) & ~quote | (slash &- ones) & ~slash | (word &- ones &* 0x20) & ~word) & highs
      if hits != 0 {
        let bit = hits.trailingZeroBitCount
        if word & highs & (1 << UInt64(bit) - 1) != 0 { isASCII = false }
        return position + bit / 8
      }
      if word & highs != 0 { isASCII = false }
      position += 8
    }
    while position < bytes.count {
      let byte = bytes[position]
      if byte == 0x22 || byte == 0x5C || byte < 0x20 { return position }
      if byte >= 0x80 { isASCII = false }
      position += 1
    }
    return nil
  }

  /// Whether a range of bytes is valid UTF-8.
  static func isUTF8(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Bool {
    bytes.withMemoryRebound(to: UInt8.self) { bytes in
      (try? UTF8Span(validating: UnsafeBufferPointer(rebasing: bytes[range]).span)) != nil
    }
  }

  /// Whether two texts of the same length have the same bytes.
  static func areSame(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    var position = 0
    while position + 8 <= left.count {
      let leftWord = left.loadUnaligned(fromByteOffset: position, as: UInt64.self)
      if leftWord != right.loadUnaligned(fromByteOffset: position, as: UInt64.self) { return false }
      position += 8
    }
    while position < left.count {
      if left[position] != right[position] { return false }
      position += 1
    }
    return true
  }

  /// The end of the number that starts at `start`, or `nil` when the grammar allows none there.
  static func endOfNumber(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
    var position = start
    func byte() -> UInt8 { position < bytes.count ? bytes[position] : 0 }
    func skipDigits() -> Bool {
      let first = position
      while isDigit(byte()) { position += 1 }
      return position > first
    }
    if byte() == UInt8(ascii: "-") { position += 1 }
    if byte() == UInt8(ascii: "0") {
      position += 1
    } else if !skipDigits() {
      return nil
    }
    if byte() == UInt8(ascii: ".") {
      position += 1
      guard skipDigits() else { return nil }
    }
    if byte() | 0x20 == UInt8(ascii: "e") {
      position += 1
      if byte() == UInt8(ascii: "+") || byte() == UInt8(ascii: "-") { position += 1 }
      guard skipDigits() else { return nil }
    }
    return position
  }

  static func hasWord(_ word: StaticString, in bytes: UnsafeRawBufferPointer, at position: Int) -> Bool {
    guard position + word.utf8CodeUnitCount <= bytes.count else { return false }
    return (0..<word.utf8CodeUnitCount).allSatisfy { bytes[position + $0] == word.utf8Start[$0] }
  }
}
