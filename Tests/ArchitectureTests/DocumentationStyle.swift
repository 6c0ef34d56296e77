import Foundation

/// The rules of the pages' language and form. Each gives its faults as "line: what is wrong".
enum DocumentationStyle {
  static let maximumWords = 25
  static let maximumCell = 80
  static let maximumColumns = 120

  /// All faults of a page. `exists` tells whether a path beside the page exists, and gives the anchors of a page there.
  static func faults(in page: MarkdownPage, anchors: (_ path: String) -> Set<String>?) throws -> [String] {
    try longSentences(page) + chains(page) + openings(page) + bannedTerms(page) + bannedHeadings(page) + wideCells(page)
      + wideLines(page) + unpasteable(page) + brokenLinks(page, anchors: anchors)
  }

  // MARK: Sentences

  /// Cuts a paragraph at the ends of its sentences. A colon at the end of a paragraph ends a sentence as well.
  static func sentences(of paragraph: String) -> [String] {
    var sentences: [String] = []
    var words: [Substring] = []
    let all = MarkdownPage.prose(paragraph).split(separator: " ")
    for (index, word) in all.enumerated() {
      words.append(word)
      let isEnd = word.contains(/[.!?][)”"’*_]*$/) && !["e.g.", "i.e.", "vs."].contains(word)
      let next = index + 1 < all.count ? all[index + 1] : nil
      if isEnd, next?.contains(/^[("“*_]*[\p{Lu}\p{N}⟨]/) != false {
        sentences.append(words.joined(separator: " "))
        words = []
      }
    }
    return words.isEmpty ? sentences : sentences + [words.joined(separator: " ")]
  }

  private static func all(_ page: MarkdownPage) -> [(line: Int, sentence: String)] {
    page.paragraphs.flatMap { part in sentences(of: part.text).map { (part.line, $0) } }
  }

  /// Sentences of more than 25 words. A piece of code is one word.
  static func longSentences(_ page: MarkdownPage) -> [String] {
    all(page).compactMap { line, sentence in
      let count = sentence.split(separator: " ").count { $0.contains(/[\p{L}\p{N}]/) }
      return count > maximumWords ? "\(line): \(count) words: \(sentence)" : nil
    }
  }

  /// Sentences that are several, chained by semicolons.
  static func chains(_ page: MarkdownPage) -> [String] {
    all(page).compactMap { line, sentence in
      sentence.count { $0 == ";" } > 1 ? "\(line): chained semicolons: \(sentence)" : nil
    }
  }

  /// Sentences and headings that begin with a word that leaves their subject open. A question may.
  static func openings(_ page: MarkdownPage) -> [String] {
    let headings = page.headings.map { (line: $0.line, sentence: $0.text) }
    return (all(page) + headings).compactMap { line, sentence in
      let isOpen = sentence.contains(/^[("“*_]*(Who|Whoever|What|Whatever|Does|Of)\b/) && !sentence.hasSuffix("?")
      return isOpen ? "\(line): begin with the subject: \(sentence)" : nil
    }
  }

  // MARK: Words

  /// A term that the pages do not use, and the one that they use instead.
  struct BannedTerm: Sendable {
    let pattern: String
    let instead: String
  }

  static let terms = [
    BannedTerm(pattern: #"peers?"#, instead: "Doorman"),
    BannedTerm(pattern: #"the service('s)?"#, instead: "the gateway, or the ECS service"),
    BannedTerm(pattern: #"director(y|ies) of (the )?dumps"#, instead: "dump directory"),
    BannedTerm(pattern: #"volumes? of (the )?dumps"#, instead: "dump directory, or volume"),
    BannedTerm(pattern: #"(un)?seal(s|ed|ing)?"#, instead: "encrypt"),
    BannedTerm(pattern: #"(do|does|did|can|could|will)( not|n't|not)? open|none opens?"#, instead: "can be decrypted"),
    BannedTerm(pattern: #"damaged"#, instead: "unreadable, or corrupt where that is proven"),
    BannedTerm(pattern: #"ladders?"#, instead: "restore order"),
    BannedTerm(pattern: #"look(s|ed|ing)? after"#, instead: "renew"),
    BannedTerm(pattern: #"(the|by|a) timers?"#, instead: "automatic dumps"),
    BannedTerm(pattern: #"sidecar's notes|its notes"#, instead: "verification cache"),
    BannedTerm(pattern: #"store without settings"#, instead: "no saved settings"),
    BannedTerm(pattern: #"(is|are|be|looks?) well|all well"#, instead: "healthy"),
    BannedTerm(pattern: #"figures?"#, instead: "metrics, numbers"),
    BannedTerm(pattern: #"(platform( API)?|login) calls?|calls? (to|of) the platform( API)?"#, instead: "request"),
    BannedTerm(pattern: #"bur(y|ies|ied)"#, instead: "take precedence over"),
    BannedTerm(pattern: #"stillness|nobody (notices|noticing)"#, instead: "an ordinary word"),
  ]

  /// Terms that the pages do not use, outside code. Calls go through the data plane, requests to the platform API.
  static func bannedTerms(_ page: MarkdownPage) throws -> [String] {
    let sentences =
      all(page) + (page.headings + page.cells).map { (line: $0.line, sentence: MarkdownPage.prose($0.text)) }
    let expressions = try terms.map {
      (term: $0, pattern: try Regex("(?i)\\b(?:\($0.pattern))\\b").wordBoundaryKind(.simple))
    }
    return sentences.flatMap { line, sentence in
      expressions.compactMap { term, pattern in
        // Words with a hyphen are others, such as the name of an option.
        let found = sentence.matches(of: pattern).first { match in
          !sentence[..<match.range.lowerBound].hasSuffix("-") && !sentence[match.range.upperBound...].hasPrefix("-")
        }
        guard let found else { return nil }
        return "\(line): '\(sentence[found.range])', write \(term.instead): \(sentence)"
      }
    }
  }

  static let headingsThatSayNothing: Set = [
    "Two commands", "In short", "In the store", "Beside it", "Around it", "What comes of it", "One number",
    "Which launch", "What to look at", "The house", "Is it well?", "What you choose", "Where to read on",
  ]

  static func bannedHeadings(_ page: MarkdownPage) -> [String] {
    page.headings.compactMap {
      headingsThatSayNothing.contains($0.text) ? "\($0.line): a heading that says nothing: \($0.text)" : nil
    }
  }

  // MARK: Form

  static func wideCells(_ page: MarkdownPage) -> [String] {
    page.cells.compactMap { cell in
      let count = MarkdownPage.shown(cell.text).count
      return count > maximumCell ? "\(cell.line): a cell of \(count) characters: \(cell.text)" : nil
    }
  }

  /// Lines of more than 120 columns outside tables and code. The target of a link does not count.
  static func wideLines(_ page: MarkdownPage) -> [String] {
    page.proseLines.compactMap { line in
      let count = line.text.replacing(/\]\([^)]*\)/, with: "]").count
      return count > maximumColumns ? "\(line.line): \(count) columns" : nil
    }
  }

  /// Commands that can't be pasted, since they hold an ellipsis.
  static func unpasteable(_ page: MarkdownPage) -> [String] {
    page.fences.filter { ["sh", "bash", "shell", "console"].contains($0.language) }.flatMap { fence in
      fence.lines.enumerated().compactMap { index, line in
        line.contains("…") ? "\(fence.line + index + 1): can't be pasted: \(line)" : nil
      }
    }
  }

  static func brokenLinks(_ page: MarkdownPage, anchors: (_ path: String) -> Set<String>?) -> [String] {
    page.links.compactMap { link in
      let parts = link.text.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard let known = parts[0].isEmpty ? page.anchors : anchors(parts[0]) else {
        return "\(link.line): no such file: \(link.text)"
      }
      guard parts.count == 2, !known.contains(parts[1]) else { return nil }
      return "\(link.line): no such heading: \(link.text)"
    }
  }
}
