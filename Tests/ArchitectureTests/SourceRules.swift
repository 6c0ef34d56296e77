/// One rule about the text of a source file.
struct SourceRule: Sendable {
  let name: String
  /// Returns the lines that break the rule, each with its number.
  let faults: @Sendable (_ lines: [Substring]) -> [String]

  func faults(inText text: String) -> [String] {
    faults(text.split(separator: "\n", omittingEmptySubsequences: false))
  }
}

extension SourceRule {
  static let all = [length, documentationWidth, summaries, plainBeginnings]

  /// A file has at most 300 lines.
  static let length = SourceRule(name: "at most 300 lines") { lines in
    // The last line ends with a line end.
    lines.count - 1 > 300 ? ["\(lines.count - 1) lines: look for the second idea in the file"] : []
  }

  /// Comments wrap at 120 columns.
  static let documentationWidth = SourceRule(name: "comments of at most 120 columns") { lines in
    numbered(lines) { $0.trimmedStart.hasPrefix("//") && $0.count > 120 }
  }

  /// Each declaration that other targets see has a summary.
  static let summaries = SourceRule(name: "a summary for each package declaration") { lines in
    lines.indices.compactMap { index in
      guard isDeclaration(lines[index]) else { return nil }
      var above = index - 1
      while above >= 0, isBetween(lines[above]) { above -= 1 }
      let hasSummary = above >= 0 && lines[above].trimmedStart.hasPrefix("///")
      return hasSummary ? nil : "\(index + 1): \(lines[index].trimmedStart)"
    }
  }

  /// A comment does not begin with a word that leaves its subject open.
  static let plainBeginnings = SourceRule(name: "comments that begin with their subject") { lines in
    lines.indices.compactMap { index in
      guard beginsSentence(lines, at: index) else { return nil }
      let words = commentWords(lines[index])
      return words.first.map { bareWords.contains(String($0)) } == true
        ? "\(index + 1): \(lines[index].trimmedStart)" : nil
    }
  }

  private static let bareWords: Set<String> = ["Who", "Whoever", "What", "Whatever", "Of", "Which"]

  private static func numbered(_ lines: [Substring], _ breaks: (Substring) -> Bool) -> [String] {
    lines.indices.compactMap { breaks(lines[$0]) ? "\($0 + 1): \(lines[$0].trimmedStart)" : nil }
  }

  /// Whether a line declares something for the package. Requirements of the standard library's protocols are left out,
  /// because their names say what they are. Declarations of settings are left out, because they hold a sentence.
  private static func isDeclaration(_ line: Substring) -> Bool {
    var text = line.trimmedStart
    while text.hasPrefix("@"), let space = text.firstIndex(of: " ") { text = text[space...].trimmedStart }
    guard text.hasPrefix("package ") else { return false }
    let rest = text.dropFirst("package ".count)
    let inherited = [
      "import ", "extension ", "static func == ", "static func < ", "var description:", "var debugDescription:",
      "func hash(into", "static let title = ",
    ]
    if rest.contains(/^let \w+ = (\w*Setting\(|\w+Settings\.|\w+\(\)$)/) { return false }
    return !inherited.contains { rest.hasPrefix($0) }
  }

  /// Whether a line may stand between a summary and its declaration: an attribute, or a comment that is no
  /// documentation.
  private static func isBetween(_ line: Substring) -> Bool {
    let text = line.trimmedStart
    if text.hasPrefix("//"), !text.hasPrefix("///") { return true }
    return text.hasPrefix("@") && !text.contains(" var ") && !text.contains(" func ") && !text.contains(" let ")
  }

  /// Whether a comment begins on a line, or a sentence of it that stands at the beginning of the line.
  private static func beginsSentence(_ lines: [Substring], at index: Int) -> Bool {
    guard lines[index].trimmedStart.hasPrefix("//") else { return false }
    guard index > 0 else { return true }
    let above = lines[index - 1].trimmedStart
    guard above.hasPrefix("//") else { return true }
    return above.hasSuffix(".") || above.hasSuffix(":") || above.hasSuffix("//")
  }

  private static func commentWords(_ line: Substring) -> [Substring] {
    line.trimmedStart.drop { $0 == "/" }.split(separator: " ")
  }
}

extension Substring {
  fileprivate var trimmedStart: Substring { drop { $0 == " " } }
}
