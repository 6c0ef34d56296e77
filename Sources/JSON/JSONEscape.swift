/// Reads one escape sequence of a JSON string.
enum JSONEscape {
  /// Reads the escape sequence whose backslash is at `start`.
  ///
  /// - Returns: the character that it stands for (with the python dialect U+FFFD for a lone surrogate), and the position
  ///   behind it.
  static func read(
    in bytes: UnsafeRawBufferPointer, at start: Int, dialect: JSONParser.Dialect
  ) throws(JSONError) -> (scalar: Unicode.Scalar, end: Int) {
    guard start + 1 < bytes.count else { throw JSONError(.unexpectedEnd, at: bytes.count) }
    let letter = bytes[start + 1]
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return (Unicode.Scalar(letter), start + 2)
    case UInt8(ascii: "b"): return ("\u{8}", start + 2)
    case UInt8(ascii: "f"): return ("\u{C}", start + 2)
    case UInt8(ascii: "n"): return ("\n", start + 2)
    case UInt8(ascii: "r"): return ("\r", start + 2)
    case UInt8(ascii: "t"): return ("\t", start + 2)
    case UInt8(ascii: "u"): return try readScalar(in: bytes, at: start, dialect: dialect)
    default: throw JSONError(.invalidEscape, at: start)
    }
  }

  /// `\uXXXX`, or two of them that make a surrogate pair.
  private static func readScalar(
    in bytes: UnsafeRawBufferPointer, at start: Int, dialect: JSONParser.Dialect
  ) throws(JSONError) -> (scalar: Unicode.Scalar, end: Int) {
    let unit = try readUnit(in: bytes, at: start + 2, of: start)
    let end = start + 6
    if let scalar = Unicode.Scalar(unit) { return (scalar, end) }
    if unit < 0xDC00, end + 1 < bytes.count, bytes[end] == UInt8(ascii: "\\"), bytes[end + 1] == UInt8(ascii: "u") {
      let low = try readUnit(in: bytes, at: end + 2, of: start)
      if (0xDC00...0xDFFF).contains(low),
        let scalar = Unicode.Scalar(0x10000 + (UInt32(unit - 0xD800) << 10) + UInt32(low - 0xDC00))
      {
        return (scalar, end + 6)
      }
    }
    guard dialect == .python else { throw JSONError(.invalidEscape, at: start) }
    return ("\u{FFFD}", end)
  }

  /// Four hexadecimal digits of the escape sequence that begins at `start`.
  private static func readUnit(
    in bytes: UnsafeRawBufferPointer, at position: Int, of start: Int
  ) throws(JSONError) -> UInt16 {
    guard position + 4 <= bytes.count else { throw JSONError(.unexpectedEnd, at: bytes.count) }
    var unit: UInt16 = 0
    for index in position..<position + 4 {
      let digit: UInt8
      switch bytes[index] {
      case let byte where JSONGrammar.isDigit(byte): digit = byte - UInt8(ascii: "0")
      case let byte where (byte | 0x20) &- UInt8(ascii: "a") < 6: digit = (byte | 0x20) - UInt8(ascii: "a") + 10
      default: throw JSONError(.invalidEscape, at: start)
      }
      unit = unit << 4 | UInt16(digit)
    }
    return unit
  }
}
