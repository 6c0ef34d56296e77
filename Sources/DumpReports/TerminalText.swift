package import JSON

/// Text from dumps and journals as a terminal may get it. Their authors are clients, who could otherwise move the
/// cursor, hide lines or change the direction of writing.
package enum TerminalText {
  /// A text on one line, as it is, or else in quotes with escapes as JSON has them.
  package static func word(_ text: String) -> String {
    let isPlain =
      !text.isEmpty && text.unicodeScalars.allSatisfy { !isUnsafe($0) && $0 != " " && $0 != "\"" && $0 != "\\" }
    return isPlain ? text : json(.string(text))
  }

  /// A text on one line, with what must not reach a terminal as `\u{…}`.
  package static func line(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isUnsafe) else { return text }
    return text.unicodeScalars.map { isUnsafe($0) ? "\\u{\(String($0.value, radix: 16))}" : String($0) }.joined()
  }

  /// A value as compact JSON on one line.
  package static func json(_ value: JSONValue) -> String {
    let text = JSONWriter.text(value)
    guard text.unicodeScalars.contains(where: isUnsafe) else { return text }
    // Such characters stand only in strings, where JSON has escapes for them.
    return text.unicodeScalars.map { isUnsafe($0) ? String($0).utf16.map(escape).joined() : String($0) }.joined()
  }

  /// A value as JSON of not too many characters.
  package static func shortJSON(_ value: JSONValue) -> String {
    let text = json(value)
    guard text.unicodeScalars.count > longest else { return text }
    return String(text.unicodeScalars.prefix(longest)) + "… (\(text.utf8.count) bytes)"
  }

  /// The characters of a value that a line of text shows.
  private static let longest = 160

  private static func escape(_ unit: UInt16) -> String {
    let digits = String(unit, radix: 16)
    return "\\u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }

  /// Control characters, and those that are not seen or change the direction of others. The joiners are in words and
  /// in emoji.
  private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
    if 0x20...0x7E ~= scalar.value { return false }
    if scalar.value == 0x200C || scalar.value == 0x200D { return false }
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse: return true
    default: return false
    }
  }
}
