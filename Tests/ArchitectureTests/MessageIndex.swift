import Foundation

/// A message that a program logs at warning or above, or prints to standard error.
struct LoggedMessage: Hashable, Comparable {
  /// The text, with "…" for what differs from time to time.
  let text: String
  /// "warning", "error" or "critical"; "printed" for standard error; "varies" where the source decides at run time.
  let level: String

  static func < (one: Self, other: Self) -> Bool { (one.text, one.level) < (other.text, other.level) }
}

/// Finds the messages of the sources and compares them with the rows of the page.
enum MessageIndex {
  /// A row of the page: the beginning of a message, or all of it.
  struct Row: Hashable {
    let beginning: String
    let level: String
    let isWhole: Bool
    /// The place of its table in the page.
    let table: Int

    func isOf(_ message: LoggedMessage) -> Bool {
      level == message.level && (isWhole ? message.text == beginning : message.text.hasPrefix(beginning))
    }
  }

  // MARK: The sources

  /// The messages in a source file.
  static func messages(inSource source: String) -> Set<LoggedMessage> {
    var messages: Set<LoggedMessage> = []
    for match in source.matches(of: /logger\.(warning|error|critical)\(\s*/) {
      let text = literal(in: source[match.range.upperBound...])
      guard let text else {
        // A fault's message is found where the fault is made.
        if source[match.range.upperBound...].hasPrefix("message, metadata: metadata") { continue }
        messages.insert(LoggedMessage(text: "no literal", level: String(match.output.1)))
        continue
      }
      messages.insert(LoggedMessage(text: text, level: String(match.output.1)))
    }
    for match in source.matches(of: /logger\.log\(\s*level: ([^"]*?),\s*(?=")/) {
      let isHigh = match.output.1.contains(/\.(warning|error|critical)/) || match.output.1.wholeMatch(of: /\w+/) != nil
      guard isHigh, let text = literal(in: source[match.range.upperBound...]) else { continue }
      messages.insert(LoggedMessage(text: text, level: "varies"))
    }
    for match in source.matches(of: /\(\s*\.(warning|error|critical),\s*(?=")/) {
      guard let text = literal(in: source[match.range.upperBound...]) else { continue }
      messages.insert(LoggedMessage(text: text, level: String(match.output.1)))
    }
    for match in source.matches(of: /(StandardError\.write|Program\.complain)\(\s*(?=")/) {
      guard let text = literal(in: source[match.range.upperBound...]), text.contains(/\p{L}{2}/) else { continue }
      messages.insert(LoggedMessage(text: text, level: "printed"))
    }
    return messages.union(startFaults(inSource: source))
  }

  /// The sentences of `StartFault`: each is a long literal behind an exit code.
  private static func startFaults(inSource source: String) -> [LoggedMessage] {
    guard source.contains("StartFault(") || source.contains("extension StartFault") else { return [] }
    return source.matches(of: /(\.[a-z]\w+|\bcode),\s*(?=")/).compactMap { match in
      guard !["notice", "info", "warning"].contains(match.output.1.dropFirst()),
        let text = literal(in: source[match.range.upperBound...]), text.split(separator: " ").count >= 8
      else {
        return nil
      }
      return LoggedMessage(text: text, level: "critical")
    }
  }

  /// The string literal at the beginning of a text, with "…" for each interpolation.
  static func literal(in text: Substring) -> String? {
    guard text.first == "\"" else { return nil }
    var rest = text.dropFirst()
    var literal = ""
    while let character = rest.popFirst() {
      switch character {
      case "\"": return literal
      case "\\":
        guard let escaped = rest.popFirst() else { return nil }
        if escaped == "(" {
          skipInterpolation(&rest)
          literal.append("…")
        } else {
          literal.append(escaped)
        }
      default: literal.append(character)
      }
    }
    return nil
  }

  /// Where the string literal at the beginning of a text is.
  static func literalRange(in text: Substring) -> Range<Substring.Index>? {
    end(ofLiteral: text).map { text.startIndex..<$0 }
  }

  private static func skipInterpolation(_ rest: inout Substring) {
    var depth = 1
    while depth > 0, let character = rest.first {
      if character == "\"" {
        // A literal in the interpolation has interpolations of its own.
        guard let end = end(ofLiteral: rest) else { return }
        rest = rest[end...]
        continue
      }
      if character == "(" { depth += 1 }
      if character == ")" { depth -= 1 }
      rest.removeFirst()
    }
  }

  private static func end(ofLiteral text: Substring) -> Substring.Index? {
    var rest = text.dropFirst()
    while let character = rest.popFirst() {
      if character == "\"" { return rest.startIndex }
      if character == "\\", rest.popFirst() == "(" { skipInterpolation(&rest) }
    }
    return nil
  }

  // MARK: The page

  /// The rows of the tables whose second column is a level. A message that is cut ends with " …".
  static func rows(inPage page: String) -> [Row] {
    var table = 0
    return page.split(separator: "\n").compactMap { line in
      if !line.hasPrefix("|") { table += 1 }
      guard let row = line.firstMatch(of: /^\| (`+) ?(.+?) ?\1 \| (warning|error|critical|printed|varies) \|/) else {
        return nil
      }
      let text = String(row.output.2)
      let isCut = text.hasSuffix(" …")
      return Row(
        beginning: isCut ? String(text.dropLast()) : text, level: String(row.output.3), isWhole: !isCut, table: table)
    }
  }

  /// The differences between the sources and the page.
  static func faults(messages: Set<LoggedMessage>, rows: [Row]) -> [String] {
    var faults = messages.sorted().flatMap { message -> [String] in
      let own = rows.filter { $0.isOf(message) }
      if own.isEmpty { return ["not in the page: | `\(cell(of: message.text))` | \(message.level) |"] }
      return own.count == 1 ? [] : ["two rows begin like: \(message.text)"]
    }
    faults += rows.filter { row in !messages.contains { row.isOf($0) } }
      .map { "in the page, and in no source: | `\($0.beginning)` | \($0.level) |" }
    return faults
      + zip(rows, rows.dropFirst()).filter {
        $0.table == $1.table && $0.beginning.lowercased() > $1.beginning.lowercased()
      }
      .map { "not sorted: `\($1.beginning)` is below `\($0.beginning)`" }
  }

  /// A message as a cell: cut behind a word where it has more than 78 characters.
  static func cell(of text: String) -> String {
    guard text.count > DocumentationStyle.maximumCell - 2 else { return text }
    let beginning = text.prefix(DocumentationStyle.maximumCell - 4)
    return beginning[..<(beginning.lastIndex(of: " ") ?? beginning.endIndex)] + " …"
  }
}
