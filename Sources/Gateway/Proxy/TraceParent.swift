/// The value of `traceparent` (W3C Trace Context): a client's own is passed on, or a new trace begins.
enum TraceParent: Equatable {
  case given(String)
  /// The halves of the trace's identifier, and the span's.
  case new(UInt64, UInt64, span: UInt64)

  /// - Parameters:
  ///   - field: the value of `traceparent`, if there is one.
  ///   - generator: of the identifiers, which need not be secrets.
  init(_ field: String?, using generator: inout some RandomNumberGenerator) {
    if let field, Self.isValid(field) {
      self = .given(field)
    } else {
      self = .new(generator.next(), generator.next() | 1, span: generator.next() | 1)
    }
  }

  func write(to buffer: HeadBytes) {
    switch self {
    case .given(let text): buffer.writeString(text)
    case .new(let high, let low, let span):
      buffer.writeStaticString("00-")
      buffer.writeHexadecimal(high)
      buffer.writeHexadecimal(low)
      buffer.writeStaticString("-")
      buffer.writeHexadecimal(span)
      buffer.writeStaticString("-00")
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
