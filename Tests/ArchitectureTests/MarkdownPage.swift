import Foundation

/// A page of the documentation, cut into the parts that rules are about.
struct MarkdownPage: Sendable {
  /// A piece of the page, with the number of its first line.
  struct Part: Sendable, Equatable {
    let line: Int
    let text: String
  }

  /// A fenced block of code.
  struct Fence: Sendable {
    let line: Int
    let language: String
    var lines: [String] = []
  }

  /// The page's source, line by line.
  let lines: [String]
  private(set) var headings: [Part] = []
  /// Paragraphs and items of lists, each joined into one line.
  private(set) var paragraphs: [Part] = []
  private(set) var cells: [Part] = []
  private(set) var fences: [Fence] = []
  /// The lines outside fenced blocks and tables.
  private(set) var proseLines: [Part] = []

  init(_ text: String) {
    lines = text.components(separatedBy: "\n")
    read()
  }

  private mutating func read() {
    var open: Part?
    var fence: (block: Fence, indent: Int)?
    func closed(_ part: Part?) -> [Part] { part.map { [$0] } ?? [] }
    for (index, line) in lines.enumerated() {
      let (number, text) = (index + 1, line.trimmingCharacters(in: .whitespaces))
      if text.hasPrefix("```") {
        if let done = fence {
          fences.append(done.block)
          fence = nil
        } else {
          paragraphs += closed(open)
          open = nil
          fence = (Fence(line: number, language: String(text.dropFirst(3))), line.prefix { $0 == " " }.count)
        }
      } else if let now = fence {
        let indent = min(now.indent, line.prefix { $0 == " " }.count)
        fence?.block.lines.append(String(line.dropFirst(indent)))
      } else if text.hasPrefix("|") {
        paragraphs += closed(open)
        open = nil
        if text.contains(/[^|:\- ]/) { cells += Self.cells(ofRow: text).map { Part(line: number, text: $0) } }
      } else if let heading = text.wholeMatch(of: /#+ (.*)/)?.output.1 {
        paragraphs += closed(open)
        open = nil
        headings.append(Part(line: number, text: String(heading)))
        proseLines.append(Part(line: number, text: line))
      } else {
        proseLines.append(Part(line: number, text: line))
        let content = text.replacing(/^(> ?)+/, with: "").replacing(/^([-*+]|\d+\.) +/, with: "")
        let isNew = text.contains(#/^(> ?)*([-*+]|\d+\.) /#) || content.isEmpty
        if isNew || content.hasPrefix("<!--") {
          paragraphs += closed(open)
          open = nil
        }
        if content.isEmpty || content.hasPrefix("<!--") || content.hasPrefix("[!") { continue }
        open = Part(line: open?.line ?? number, text: open.map { $0.text + " " + content } ?? String(content))
      }
    }
    paragraphs += closed(open)
  }

  /// The cells of a table's row. A bar behind a backslash separates nothing; one in code does, on a code host.
  private static func cells(ofRow row: String) -> [String] {
    var cells = [""]
    var isEscaped = false
    for character in row.dropFirst() {
      if character == "|", !isEscaped {
        cells.append("")
      } else {
        cells[cells.count - 1].append(character)
      }
      isEscaped = character == "\\"
    }
    if cells.last?.trimmingCharacters(in: .whitespaces).isEmpty == true { cells.removeLast() }
    return cells.map { $0.trimmingCharacters(in: .whitespaces) }
  }
}

extension MarkdownPage {
  /// The anchors that links can name: those of the headings, as a code host makes them, and explicit ones.
  var anchors: Set<String> {
    var counts: [String: Int] = [:]
    var anchors: Set<String> = []
    for heading in headings {
      let slug = Self.slug(of: heading.text)
      let count = counts[slug, default: 0]
      counts[slug] = count + 1
      anchors.insert(count == 0 ? slug : "\(slug)-\(count)")
    }
    for line in proseLines {
      for match in line.text.matches(of: /<a (id|name)="([^"]+)">/) { anchors.insert(String(match.output.2)) }
    }
    return anchors
  }

  static func slug(of heading: String) -> String {
    let kept = shown(heading).lowercased().filter { $0.isLetter || $0.isNumber || "-_ ".contains($0) }
    return kept.replacing(" ", with: "-")
  }

  /// The targets of the page's links, with their lines; those of other hosts are left out.
  var links: [Part] {
    (proseLines + cells).flatMap { part in
      part.text.replacing(/`[^`]*`/, with: "`").matches(of: /\]\(([^)\s]+)\)/).map {
        Part(line: part.line, text: String($0.output.1))
      }
    }.filter { !$0.text.contains(/^[a-z]+:/) }
  }

  /// Text as a reader sees it: links without their targets, and no marks of emphasis or code.
  static func shown(_ text: String) -> String {
    text.replacing(/!?\[([^\]]*)\]\([^)]*\)/) { String($0.output.1) }.replacing(/<[^>]+>/, with: "")
      .replacing("**", with: "").replacing("`", with: "").replacing("\\|", with: "|")
  }

  /// Text in which each piece of code is one word, as it counts in a sentence.
  static func prose(_ text: String) -> String {
    shown(text.replacing(/\[`([^`\]]+)`\]\([^)]*\)/, with: "⟨code⟩").replacing(/`[^`]+`/, with: "⟨code⟩"))
  }
}
