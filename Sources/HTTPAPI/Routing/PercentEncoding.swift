package import JSON

/// Escapes as `%41` (RFC 3986 section 2.1).
package enum PercentEncoding {
  /// Replaces escapes by their bytes.
  ///
  /// - Returns: `nil` when an escape is broken or the bytes are not UTF-8.
  package static func decode(_ text: some StringProtocol, plusIsSpace: Bool = false) -> String? {
    var bytes: [UInt8] = []
    var iterator = text.utf8.makeIterator()
    while let byte = iterator.next() {
      switch byte {
      case UInt8(ascii: "%"):
        guard let high = iterator.next().flatMap(digit), let low = iterator.next().flatMap(digit) else { return nil }
        bytes.append(high << 4 | low)
      case UInt8(ascii: "+") where plusIsSpace: bytes.append(UInt8(ascii: " "))
      default: bytes.append(byte)
      }
    }
    return String(validating: bytes, as: UTF8.self)
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    Character(Unicode.Scalar(byte)).hexDigitValue.flatMap { byte < 0x80 ? UInt8($0) : nil }
  }

  /// The pairs of a query. When a name comes twice, its first value counts.
  package static func query(_ text: String) -> [UTF8Key: String] {
    var pairs: [UTF8Key: String] = [:]
    for part in text.allParts(betweenBytes: UInt8(ascii: "&")) where !part.isEmpty {
      let (encodedName, value) = part.cut(at: UInt8(ascii: "=")) ?? (part, "")
      guard let name = decode(encodedName, plusIsSpace: true).map(UTF8Key.init), pairs[name] == nil else { continue }
      // A value that can't be decoded counts as empty, which no route accepts.
      pairs[name] = decode(value, plusIsSpace: true) ?? ""
    }
    return pairs
  }
}
