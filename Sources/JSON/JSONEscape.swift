/// Reads one escape sequence of a JSON string.
enum JSONEscape {
  /// Reads the escape sequence whose backslash is at `start`.
  ///
  /// - Returns: the character that it stands for (with the python dialect, U+FFFD for a lone surrogate), and the
  ///   position after it.
  @inline(__always)
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
  @inline(__always)
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
  @inline(__always)
  private static func readUnit(
    in bytes: UnsafeRawBufferPointer, at position: Int, of start: Int
  ) throws(JSONError) -> UInt16 {
    guard position + 4 <= bytes.count else { throw JSONError(.unexpectedEnd, at: bytes.count) }
    // All four digits are decoded at once. Branches would cost more than the rest, because the position of letters is
    // unpredictable. The first digit is in the lowest byte.
    let digits = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self))
    guard areHexadecimal(digits) else { throw JSONError(.invalidEscape, at: start) }
    // A letter has bit 6, and 1 to 6 in its low bits.
    let nibbles = ((digits & 0x0F0F_0F0F) + 9 * (digits >> 6 & 0x0101_0101)).byteSwapped
    let pairs = nibbles >> 4 & 0x00F0_00F0 | nibbles & 0x000F_000F
    return UInt16(truncatingIfNeeded: pairs >> 8 | pairs)
  }

  /// Whether each of four bytes is a hexadecimal digit. To a byte below 0x80, 0x80 less a bound is added: the high bit
  /// says whether it reaches the bound.
  @inline(__always)
  private static func areHexadecimal(_ bytes: UInt32) -> Bool {
    let highs: UInt32 = 0x8080_8080
    guard bytes & highs == 0 else { return false }
    let digits = (bytes + 0x5050_5050) & ~(bytes + 0x4646_4646)
    let small = bytes | 0x2020_2020
    let letters = (small + 0x1F1F_1F1F) & ~(small + 0x1919_1919)
    return (digits | letters) & highs == highs
  }
}
