import JSON

/// The kind of a setting: how its text becomes a value, and how a value is written.
package struct SettingKind<Value: Sendable>: Sendable {
  /// Why a text is no value, as words that follow the variable's name.
  package struct Refusal: Error {
    let sentence: String
  }

  /// How a text is read before it becomes a value.
  enum Reading {
    /// As it stands. Text that is not UTF-8 is a fault.
    case whole
    /// Without blanks at both ends.
    case trimmed
  }

  /// In words, as they follow "it takes".
  let takes: String
  let reading: Reading
  /// Writes a value as its text.
  let write: @Sendable (Value) -> String
  /// The ends of a range.
  let ends: SettingDescription.Ends
  let parse: @Sendable (String) throws(Refusal) -> Value

  init(
    takes: String, reading: Reading, write: @escaping @Sendable (Value) -> String,
    ends: SettingDescription.Ends = .init(), parse: @escaping @Sendable (String) throws(Refusal) -> Value
  ) {
    self.takes = takes
    self.reading = reading
    self.write = write
    self.ends = ends
    self.parse = parse
  }

  /// Values of any kind, as one word or number.
  ///
  /// - Parameters:
  ///   - takes: what it takes, as words behind "it takes".
  ///   - write: writes a value as its text.
  ///   - parse: `nil` for a text that is no value.
  package init(
    takes: String, write: @escaping @Sendable (Value) -> String = { "\($0)" }, ends: SettingDescription.Ends = .init(),
    _ parse: @escaping @Sendable (String) -> Value?
  ) {
    self.init(takes: takes, reading: .trimmed, write: write, ends: ends) { text throws(Refusal) in
      guard let value = parse(text) else { throw Refusal(sentence: "is '\(text.prefix(80))'; it takes \(takes)") }
      return value
    }
  }
}

extension SettingKind where Value == String {
  /// Any text, as it stands.
  ///
  /// - Parameter takes: what makes sense, in words.
  package static func text(_ takes: String = "text") -> SettingKind {
    SettingKind(takes: takes, reading: .whole, write: { $0 }, parse: { text throws(Refusal) in text })
  }
}

extension SettingKind where Value == Bool {
  /// `true` or `false`, also as `1` and `0`, `yes` and `no`, `on` and `off`.
  package static var boolean: SettingKind {
    SettingKind(takes: "true or false") { text in
      if ["true", "1", "yes", "on"].contains(where: { isSameWord($0, text) }) { return true }
      if ["false", "0", "no", "off"].contains(where: { isSameWord($0, text) }) { return false }
      return nil
    }
  }
}

extension SettingKind where Value == Int {
  /// A whole number.
  package static func integer(_ range: ClosedRange<Int>) -> SettingKind {
    let (least, most) = (range.lowerBound, range.upperBound)
    return integer(range, takes: "a whole number " + (most == .max ? "at least \(least)" : "from \(least) to \(most)"))
  }

  /// A whole number, with words of its own for what it takes.
  package static func integer(_ range: ClosedRange<Int>, takes: String) -> SettingKind {
    let (least, most) = (range.lowerBound, range.upperBound)
    let ends = SettingDescription.Ends(
      taken: ["\(least)", "\(most)"], refused: ["\(least - 1)"] + (most == .max ? [] : ["\(most + 1)"]))
    return SettingKind(takes: takes, ends: ends) { text in Int(text).flatMap { range.contains($0) ? $0 : nil } }
  }

  /// Seconds, written as `90s`, `36h` or `14d`.
  package static func time(orOff: Bool = false) -> SettingKind {
    SettingKind(takes: "a time such as 90s, 36h or 14d" + (orOff ? ", or 0 (off)" : ""), write: Quantities.time) {
      Quantities.seconds($0)
    }
  }
}

extension SettingKind where Value == [String] {
  /// Words with commas between them.
  package static var list: SettingKind {
    SettingKind(
      takes: "words with commas between them", reading: .whole,
      write: { $0.joined(separator: ",") },
      parse: { text throws(Refusal) in
        text.parts(betweenBytes: UInt8(ascii: ",")).map(withoutBlanks).filter { !$0.isEmpty }
      })
  }
}

extension SettingKind where Value: Equatable {
  /// One of some words, in any case. The first word of a value is the one that help shows for it.
  package static func choice(_ words: KeyValuePairs<String, Value>) -> SettingKind {
    SettingKind(
      takes: "one of \(words.map(\.key).joined(separator: ", "))",
      write: { value in words.first { $0.value == value }?.key ?? "\(value)" }
    ) { text in words.first { isSameWord($0.key, text) }?.value }
  }
}

extension SettingKind where Value == WebAddress {
  /// An address of a server.
  ///
  /// - Parameters:
  ///   - tail: what may stand behind host and port.
  ///   - example: for the fault.
  package static func address(_ tail: WebAddress.Tail, example: String) -> SettingKind {
    let takes = "an address such as \(example)"
    return SettingKind(takes: takes, reading: .whole, write: \.text) { text throws(Refusal) in
      do throws(WebAddress.Fault) {
        return try WebAddress(text, tail: tail)
      } catch {
        throw Refusal(sentence: "\(error.sentence). It takes \(takes)")
      }
    }
  }
}

/// Whether two words have the same letters of ASCII in any case.
private func isSameWord(_ one: String, _ other: String) -> Bool {
  one.asciiLowercased.hasSameBytes(as: other.asciiLowercased)
}

/// A text without blanks at both ends.
func withoutBlanks(_ text: String) -> String {
  let isBlank = { (byte: UInt8) in [0x20, 0x09, 0x0A, 0x0D].contains(byte) }
  let start = text.utf8.drop(while: isBlank)
  return String(decoding: start.reversed().drop(while: isBlank).reversed(), as: UTF8.self)
}
