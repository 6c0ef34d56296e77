/// Beginnings and ends of text from outside. Swift's `hasPrefix` and `hasSuffix` compare characters, by Unicode's equivalences;
/// paths and names are bytes.
extension String {
  /// Whether this string's UTF-8 bytes begin with those of another.
  package func beginsWithBytes(_ other: String) -> Bool { utf8.starts(with: other.utf8) }

  /// Whether this string's UTF-8 bytes end with those of another.
  package func endsWithBytes(_ other: String) -> Bool {
    utf8.count >= other.utf8.count && utf8.suffix(other.utf8.count).elementsEqual(other.utf8)
  }

  /// The parts between bytes of one value, without empty ones. A combining mark behind that byte changes nothing.
  package func parts(betweenBytes separator: Unicode.ASCII.CodeUnit) -> [String] {
    utf8.split(separator: separator).map { String(Substring($0)) }
  }
}
