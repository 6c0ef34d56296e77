/// The value of `traceparent` (W3C Trace Context): a client's own is passed on, or a new trace begins.
enum TraceParent {
  /// - Parameter generator: of the identifiers, which need not be secrets.
  static func of(_ field: String?, using generator: inout some RandomNumberGenerator) -> String {
    if let field, isValid(field) { return field }
    let (high, low, span) = (generator.next(), generator.next(), generator.next() | 1)
    return String(unsafeUninitializedCapacity: 55) { text in
      var position = 0
      func append(_ byte: UInt8) {
        text[position] = byte
        position += 1
      }
      func append(_ number: UInt64) {
        for shift in stride(from: 60, through: 0, by: -4) {
          let digit = UInt8(truncatingIfNeeded: number >> UInt64(shift)) & 0xF
          append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
      }
      append(UInt8(ascii: "0"))
      append(UInt8(ascii: "0"))
      append(UInt8(ascii: "-"))
      append(high)
      append(low | 1)
      append(UInt8(ascii: "-"))
      append(span)
      append(UInt8(ascii: "-"))
      append(UInt8(ascii: "0"))
      append(UInt8(ascii: "0"))
      return position
    }
  }

  /// `00-<32 digits>-<16 digits>-<2 digits>`, in lower case. Later versions may have more behind.
  static func isValid(_ text: String) -> Bool {
    let bytes = text.utf8.span
    guard bytes.count >= 55, bytes.count <= 128 else { return false }
    for index in 0..<55 {
      let isDash = index == 2 || index == 35 || index == 52
      guard isDash ? bytes[index] == UInt8(ascii: "-") : isDigit(bytes[index]) else { return false }
    }
    let isFirstVersion = bytes[0] == 0x30 && bytes[1] == 0x30
    guard bytes.count == 55 || !isFirstVersion && bytes[55] == UInt8(ascii: "-") else { return false }
    if bytes[0] == UInt8(ascii: "f"), bytes[1] == UInt8(ascii: "f") { return false }
    for index in 56..<max(56, bytes.count) where bytes[index] <= 0x20 || bytes[index] >= 0x7F { return false }
    return hasOther(bytes, 3..<35) && hasOther(bytes, 36..<52)
  }

  /// Whether an identifier has a digit that is not zero.
  private static func hasOther(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    for index in range where bytes[index] != 0x30 { return true }
    return false
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    0x30...0x39 ~= byte || 0x61...0x66 ~= byte
  }
}
