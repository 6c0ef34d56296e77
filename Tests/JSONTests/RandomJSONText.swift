import JSON

/// Random JSON text in the spellings of other writers: with whitespace, unnecessary escape sequences, repeated keys,
/// lone surrogates and Python's words.
struct RandomJSONText<Generator: RandomNumberGenerator> {
  /// The spelling of strings. All strings of one text have the same spelling, as if from one writer.
  enum Spelling: CaseIterable {
    /// The spelling of `JSONWriter`.
    case compact
    /// The spelling of Python's `json.dumps`: non-ASCII characters are escaped, and a space follows each comma and
    /// colon.
    case python
    /// Any spelling that the grammar allows.
    case wild
  }

  private static var characters: [UInt32] {
    [0x00, 0x01, 0x08, 0x09, 0x0A, 0x0C, 0x0D, 0x1B, 0x1F, 0x20, 0x22, 0x2F, 0x5C, 0x61, 0x7A, 0x7F, 0x80, 0xE9]
      + [0x301, 0x7FF, 0x800, 0x2028, 0xD7FF, 0xE000, 0xFFFD, 0xFFFF, 0x10000, 0x1F600, 0x10FFFF, 0x65, 0x62, 0x6E]
  }
  private static var numbers: [String] {
    ["0", "-0", "1", "-17", "1.50", "1e3", "-2.5E-7", "1E+2", "123456789012345678901234567890", "0.1"]
  }
  private static var words: [String] { ["true", "false", "null"] }
  private static var pythonWords: [String] { ["NaN", "Infinity", "-Infinity"] }

  var generator: Generator
  let spelling: Spelling

  mutating func object(depth: Int, members: ClosedRange<Int> = 0...6) -> String {
    let count = number(members)
    // There are few different keys for many members, so that some are repeated.
    let keys = (0..<max(1, count * 3 / 4)).map { _ in string(upTo: 4) }
    let members = (0..<count).map { _ in
      let key = spelling == .compact ? string(upTo: 12) : pick(keys)
      return key + space() + ":" + (spelling == .python ? " " : space()) + value(depth: depth - 1)
    }
    return list("{", members, "}")
  }

  mutating func value(depth: Int) -> String {
    switch number(0...(depth > 0 ? 8 : 5)) {
    case 0: return pick(Self.words)
    case 1: return spelling == .compact ? pick(Self.words) : pick(Self.pythonWords)
    case 2: return pick(Self.numbers)
    case 3...5: return string(upTo: 20)
    case 6:
      let elements = (0..<number(0...4)).map { _ in value(depth: depth - 1) }
      return list("[", elements, "]")
    default: return object(depth: depth)
    }
  }

  mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }

  mutating func pick<Element>(_ elements: [Element]) -> Element { elements[number(0...elements.count - 1)] }

  private mutating func list(_ opening: String, _ items: [String], _ closing: String) -> String {
    let separated = items.enumerated().map { index, item in
      (index > 0 ? "," + (spelling == .python ? " " : "") : "") + space() + item + space()
    }
    return opening + (items.isEmpty ? space() : "") + separated.joined() + closing
  }

  private mutating func space() -> String {
    guard spelling == .wild, number(0...5) == 0 else { return "" }
    return pick([" ", "\n", "\t", "\r", " \n  "])
  }

  private mutating func string(upTo length: Int) -> String {
    let count = number(0...length)
    if spelling == .wild, number(0...20) == 0 { return "\"" + pick(["\\ud800", "\\uDC00x", "\\ud800\\u0041"]) + "\"" }
    let text = (0..<count).map { _ in
      character(number(0...2) == 0 ? pick(Self.characters) : UInt32(number(0x61...0x7A)))
    }
    return "\"" + text.joined() + "\""
  }

  private mutating func character(_ value: UInt32) -> String {
    let text = Unicode.Scalar(value).map { String(Character($0)) } ?? ""
    let compact = String(JSONWriter.text(.string(text)).dropFirst().dropLast())
    switch spelling {
    case .compact: return compact
    case .python: return value < 0x7F ? compact : escaped(text, uppercase: false)
    case .wild:
      switch number(0...3) {
      case 0: return escaped(text, uppercase: Bool.random(using: &generator))
      case 1 where text == "/": return "\\/"
      default: return compact
      }
    }
  }

  private func escaped(_ text: String, uppercase: Bool) -> String {
    text.utf16.map { unit in
      let digits = String(unit, radix: 16, uppercase: uppercase)
      return "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
    }.joined()
  }
}
