import JSON

/// Reads variables one by one, remembers what is in effect and gathers what is wrong.
///
/// An empty variable counts as one that is not set, and line ends at a value's end are cut, as `$(cat FILE)` and tools of
/// Windows leave them. Every secret can also come as `NAME_FILE`.
package struct EnvironmentReader {
  /// A variable as it is in effect.
  struct Entry: Sendable {
    enum Source: String, Sendable {
      case `default`
      case environment
      case file
    }

    let name: String
    /// Secrets by their length only.
    let value: String
    let source: Source
  }

  private let environment: [String: String]
  private let readFile: (String) throws -> String
  private(set) var entries: [Entry] = []
  package private(set) var faults: [ConfigurationFaults.Fault] = []

  /// What is in effect so far, for a listing.
  package var listing: ConfigurationListing { ConfigurationListing(entries) }

  package init(_ environment: [String: String], readFile: @escaping (String) throws -> String) {
    self.environment = environment
    self.readFile = readFile
  }

  package mutating func fault(_ name: String, _ sentence: String) {
    faults.append(ConfigurationFaults.Fault(name: name, sentence: sentence))
  }

  package mutating func text(_ name: String, default standard: String) -> String {
    optionalText(name, absent: standard) ?? standard
  }

  /// - Parameter absent: what the listing shows when the variable is not set.
  package mutating func optionalText(_ name: String, absent: String = "not set") -> String? {
    let value = raw(name)
    checkBytes(of: name)
    record(name, value ?? absent, value == nil ? .default : .environment)
    return value
  }

  package mutating func boolean(_ name: String, default standard: Bool) -> Bool {
    optionalBoolean(name, absent: "\(standard)") ?? standard
  }

  package mutating func optionalBoolean(_ name: String, absent: String = "not set") -> Bool? {
    parsed(name, absent: absent, takes: "true or false") { text in
      if ["true", "1", "yes", "on"].contains(where: { Self.isSameWord($0, text) }) { return true }
      if ["false", "0", "no", "off"].contains(where: { Self.isSameWord($0, text) }) { return false }
      return nil
    }
  }

  package mutating func integer(_ name: String, default standard: Int, in range: ClosedRange<Int>) -> Int {
    let bounds =
      range.upperBound == .max ? "at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
    return parsed(name, absent: "\(standard)", takes: "a whole number \(bounds)") { text in
      Int(text).flatMap { range.contains($0) ? $0 : nil }
    } ?? standard
  }

  /// One of some words, in any case.
  package mutating func choice<Choice: Sendable>(
    _ name: String, default standard: String, of choices: KeyValuePairs<String, Choice>
  ) -> Choice? {
    let words = choices.map(\.key)
    let find = { (text: String) in choices.first { Self.isSameWord($0.key, text) }?.value }
    return parsed(name, absent: standard, takes: "one of \(words.joined(separator: ", "))", find) ?? find(standard)
  }

  /// Words with commas between them.
  package mutating func list(_ name: String, default standard: [String]) -> [String] {
    let value = raw(name)
    checkBytes(of: name)
    let words = value.map { Self.words(of: $0) } ?? standard
    record(name, words.isEmpty ? "none" : words.joined(separator: ","), value == nil ? .default : .environment)
    return words
  }

  /// A secret from `NAME` or from the file that `NAME_FILE` names.
  package mutating func secret(_ name: String, minimumLength: Int = 1) -> Secret? {
    let fileName = "\(name)_FILE"
    let value = raw(name)
    let path = raw(fileName)
    if value != nil && path != nil {
      fault(name, "is set together with \(fileName); keep one of both")
      return nil
    }
    var found = value
    if let path {
      checkBytes(of: fileName)
      do {
        found = try SecretFile.text(from: Array(try readFile(path).utf8))
      } catch let error as SecretFile.Fault {
        fault(fileName, "names the file '\(path)', which \(error)")
        return nil
      } catch {
        fault(
          fileName,
          "names the file '\(path)', which can't be read; check that it exists and that the service's user may read it")
        return nil
      }
    }
    guard let found else {
      record(name, "not set", .default)
      return nil
    }
    if path == nil { checkBytes(of: name) }
    let secret = Secret(found)
    record(name, "set (\(secret.count) characters)", path == nil ? .environment : .file)
    guard secret.count >= minimumLength else {
      fault(
        name, "has \(secret.count) characters; it needs at least \(minimumLength). A good one: openssl rand -base64 32")
      return nil
    }
    return secret
  }

  /// Whether a variable, or its `_FILE`, is set at all.
  package func isSet(_ name: String) -> Bool { raw(name) != nil || raw("\(name)_FILE") != nil }

  /// A value of any kind.
  ///
  /// - Parameter takes: what it takes, in words, for the fault.
  package mutating func parsed<Value>(
    _ name: String, absent: String, takes: String, _ parse: (String) -> Value?
  ) -> Value? {
    guard let text = raw(name) else {
      record(name, absent, .default)
      return nil
    }
    guard let value = parse(Self.trimmed(text)) else {
      fault(name, "is '\(text.prefix(80))'; it takes \(takes)")
      return nil
    }
    record(name, Self.trimmed(text), .environment)
    return value
  }

  private mutating func record(_ name: String, _ value: String, _ source: Entry.Source) {
    entries.append(Entry(name: name, value: value, source: source))
  }

  private func raw(_ name: String) -> String? {
    environment[name].flatMap { value in
      let text = LineEnds.cut(value.utf8)
      return text.isEmpty ? nil : String(decoding: text, as: UTF8.self)
    }
  }

  /// A variable with the line ends at its end; `nil` where it has none.
  func withLineEnds(_ name: String) -> String? {
    guard let value = environment[name], let text = raw(name), value.utf8.count > text.utf8.count else { return nil }
    return value
  }

  /// Bytes that are not UTF-8 have become U+FFFD, so that different values would be one.
  private mutating func checkBytes(of name: String) {
    guard let value = raw(name) else { return }
    if value.unicodeScalars.first == "\u{FEFF}" {
      fault(name, "begins with a byte order mark; set it without one")
    } else if value.unicodeScalars.contains("\u{FFFD}") {
      fault(name, "is not valid UTF-8; set it to UTF-8 text")
    }
  }

  private static func words(of list: String) -> [String] {
    list.parts(betweenBytes: UInt8(ascii: ",")).map(trimmed).filter { !$0.isEmpty }
  }

  /// The same letters of ASCII in any case.
  private static func isSameWord(_ one: String, _ other: String) -> Bool {
    one.asciiLowercased.hasSameBytes(as: other.asciiLowercased)
  }

  private static func trimmed(_ text: String) -> String {
    let isBlank = { (byte: UInt8) in [0x20, 0x09, 0x0A, 0x0D].contains(byte) }
    let start = text.utf8.drop(while: isBlank)
    return String(decoding: start.reversed().drop(while: isBlank).reversed(), as: UTF8.self)
  }
}
