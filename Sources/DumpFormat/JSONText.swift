/// The little of JSON that the envelope's own names and times need.
enum JSONText {
  /// The string that a JSON string stands for, with its quotes; `nil` when it is none.
  static func string(_ text: UnsafeRawBufferPointer) -> String? {
    guard text.count >= 2, text.first == UInt8(ascii: "\""), text.last == UInt8(ascii: "\"") else { return nil }
    var units: [UInt16] = []
    guard let decoded = String(validating: text[1..<text.count - 1], as: UTF8.self) else { return nil }
    var characters = decoded.unicodeScalars.makeIterator()
    while let scalar = characters.next() {
      guard scalar == "\\" else {
        units.append(contentsOf: String(scalar).utf16)
        continue
      }
      guard let unit = unit(after: &characters) else { return nil }
      units.append(unit)
    }
    return String(validating: units, as: UTF16.self)
  }

  /// Whether the text is a word or, by its characters, a number of JSON as Python writes it.
  static func isScalar(_ text: UnsafeRawBufferPointer) -> Bool {
    let words = ["true", "false", "null", "NaN", "Infinity", "-Infinity"]
    if words.contains(where: { text.elementsEqual($0.utf8) }) { return true }
    guard let first = text.first, first == UInt8(ascii: "-") || isDigit(first) else { return false }
    return text.dropFirst().allSatisfy { isDigit($0) || "+-.eE".utf8.contains($0) }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

  private static func unit(after characters: inout String.UnicodeScalarView.Iterator) -> UInt16? {
    switch characters.next() {
    case "\""?: return 0x22
    case "\\"?: return 0x5C
    case "/"?: return 0x2F
    case "b"?: return 0x08
    case "f"?: return 0x0C
    case "n"?: return 0x0A
    case "r"?: return 0x0D
    case "t"?: return 0x09
    case "u"?:
      let digits = (0..<4).compactMap { _ in characters.next().flatMap(hexadecimal) }
      return digits.count == 4 ? digits.reduce(0) { $0 << 4 | $1 } : nil
    default: return nil
    }
  }

  /// Of ASCII only: Unicode has further characters that Swift takes for hexadecimal digits.
  private static func hexadecimal(_ digit: Unicode.Scalar) -> UInt16? {
    digit.isASCII ? Character(digit).hexDigitValue.map { UInt16($0) } : nil
  }
}
