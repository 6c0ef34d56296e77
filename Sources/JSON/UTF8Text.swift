/// Prefixes, suffixes and parts of text from outside. Swift's `hasPrefix` and `hasSuffix` compare characters by Unicode
/// equivalence, but paths and names are bytes.
extension String {
  /// Whether this string's UTF-8 bytes begin with those of another.
  package func beginsWithBytes(_ other: String) -> Bool { utf8.starts(with: other.utf8) }

  /// Whether this string's UTF-8 bytes end with those of another.
  package func endsWithBytes(_ other: String) -> Bool {
    utf8.count >= other.utf8.count && utf8.suffix(other.utf8.count).elementsEqual(other.utf8)
  }

  /// The parts between bytes of one value, without empty ones. A combining mark after such a byte changes nothing.
  package func parts(betweenBytes separator: Unicode.ASCII.CodeUnit) -> [String] {
    utf8.split(separator: separator).map { String(Substring($0)) }
  }

  /// The parts between bytes of one value, including empty ones.
  package func allParts(betweenBytes separator: Unicode.ASCII.CodeUnit) -> [String] {
    utf8.split(separator: separator, omittingEmptySubsequences: false).map { String(Substring($0)) }
  }

  /// The text before and after the first byte of a value, or `nil` when there is none.
  package func cut(at separator: Unicode.ASCII.CodeUnit) -> (before: String, after: String)? {
    guard let index = utf8.firstIndex(of: separator) else { return nil }
    return (String(Substring(utf8[..<index])), String(Substring(utf8[index...].dropFirst())))
  }
}

/// Case and space as protocols define them. Swift's `lowercased` changes U+212A (the Kelvin sign) to `k`, and
/// `uppercased` changes U+017F to `S`.
extension String {
  /// The text with `A` to `Z` in lower case and everything else unchanged.
  package var asciiLowercased: String {
    String(decoding: utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
  }

  /// The text with `a` to `z` in upper case and everything else unchanged.
  package var asciiUppercased: String {
    String(decoding: utf8.map { (0x61...0x7A).contains($0) ? $0 & ~0x20 : $0 }, as: UTF8.self)
  }

  /// The text without the spaces and tabs at its ends that HTTP allows around a value (RFC 9110 section 5.6.3).
  package var withoutOuterSpace: String {
    let isSpace: (UInt8) -> Bool = { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    let end = utf8.lastIndex { !isSpace($0) }.map { utf8.index(after: $0) } ?? utf8.startIndex
    return String(Substring(utf8[..<end].drop(while: isSpace)))
  }
}

extension Sequence<String> {
  /// Whether one of the texts has the same UTF-8 bytes as another.
  package func containsBytes(of text: String) -> Bool {
    contains { $0.hasSameBytes(as: text) }
  }
}
