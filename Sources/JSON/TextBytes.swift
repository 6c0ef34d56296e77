// Text from outside as bytes. Swift's own operations on `String` follow Unicode: a combining mark joins the separator
// before it, CR LF is one character, and `lowercased` makes U+212A (the Kelvin sign) a `k`.

extension StringProtocol {
  /// Whether both texts have the same UTF-8 bytes.
  package func hasSameBytes(as other: some StringProtocol) -> Bool {
    utf8.elementsEqual(other.utf8)
  }

  /// Whether the text's UTF-8 bytes begin with the other's.
  package func startsWithBytes(of other: some StringProtocol) -> Bool {
    utf8.starts(with: other.utf8)
  }

  /// Whether the text's UTF-8 bytes end with the other's.
  package func endsWithBytes(of other: some StringProtocol) -> Bool {
    utf8.count >= other.utf8.count && utf8.suffix(other.utf8.count).elementsEqual(other.utf8)
  }

  /// The text with `A` to `Z` as `a` to `z`; all else stays.
  package var asciiLowercased: String {
    String(decoding: utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
  }

  /// The text with `a` to `z` as `A` to `Z`; all else stays.
  package var asciiUppercased: String {
    String(decoding: utf8.map { (0x61...0x7A).contains($0) ? $0 & ~0x20 : $0 }, as: UTF8.self)
  }

  /// The text before and after the first of these bytes, or `nil` when there is none. The byte must be ASCII.
  package func cut(at byte: UInt8) -> (before: String, after: String)? {
    guard let index = utf8.firstIndex(of: byte) else { return nil }
    return (
      String(decoding: utf8[..<index], as: UTF8.self), String(decoding: utf8[index...].dropFirst(), as: UTF8.self)
    )
  }

  /// The parts between these bytes, also empty ones. The byte must be ASCII.
  package func parts(between byte: UInt8) -> [String] {
    utf8.split(separator: byte, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The text without spaces and tabs at its ends: what HTTP lets stand around a value (RFC 9110 section 5.6.3).
  package var withoutOuterSpace: String {
    let isSpace: (UInt8) -> Bool = { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    var bytes = Array(utf8.drop(while: isSpace))
    while let last = bytes.last, isSpace(last) { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension Sequence where Element: StringProtocol {
  /// Whether one of the texts has the same UTF-8 bytes as the other.
  package func containsBytes(of text: some StringProtocol) -> Bool {
    contains { $0.hasSameBytes(as: text) }
  }
}
