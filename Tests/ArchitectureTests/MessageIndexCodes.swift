/// The codes of the HTTP API's failures, in the sources and in the page.
enum CodeIndex {
  /// A code with a status that it comes with.
  struct Code: Hashable, Comparable {
    let code: String
    let status: String

    static func < (one: Self, other: Self) -> Bool { (one.code, one.status) < (other.code, other.status) }
  }

  /// The codes that a source file throws or declares with a status.
  static func codes(inSource source: String) -> Set<Code> {
    let lines = source.split(separator: "\n").filter { !$0.drop { $0 == " " }.hasPrefix("//") }
    let text = lines.joined(separator: "\n")
    var codes: Set<Code> = []
    for match in text.matches(of: /([0-9]{3})(?::|,) \[([^\]]*)\]/) {
      for code in match.output.2.matches(of: /"([A-Z]{3,4}[0-9]{3}|IP_RATE_LIMIT)"/) {
        codes.insert(Code(code: String(code.output.1), status: String(match.output.1)))
      }
    }
    for match in text.matches(of: /(?:APIError|CallFailure)\(\s*([0-9]{3}),\s*"([A-Z]{3,4}[0-9]{3}|IP_RATE_LIMIT)"/) {
      codes.insert(Code(code: String(match.output.2), status: String(match.output.1)))
    }
    for match in text.matches(of: /\.permission\([^"\n)]*"([A-Z]{3,4}[0-9]{3})"/) {
      codes.insert(Code(code: String(match.output.1), status: "403"))
    }
    for match in text.matches(of: /missingToken: (?:String = )?"([A-Z]{3,4}[0-9]{3})"/) {
      codes.insert(Code(code: String(match.output.1), status: "401"))
    }
    return codes
  }

  /// The rows of the page: a code, and its statuses with commas between them.
  static func codes(inPage page: String) -> Set<Code> {
    var codes: Set<Code> = []
    for match in page.matches(of: /(?m)^\| `([A-Z0-9_]+)` \| ([0-9, ]+) \|/) {
      for status in match.output.2.split(separator: ",") {
        codes.insert(Code(code: String(match.output.1), status: String(status.drop { $0 == " " })))
      }
    }
    return codes
  }

  static func faults(sources: Set<Code>, page: Set<Code>) -> [String] {
    sources.subtracting(page).sorted().map { "not in the page: `\($0.code)` with \($0.status)" }
      + page.subtracting(sources).sorted().map { "in the page, and in no source: `\($0.code)` with \($0.status)" }
  }
}

/// The exit codes of a program.
enum ExitCodeIndex {
  static func codes(inSource source: String) -> [Int] {
    source.matches(of: /(?m)^ +case \w+ = ([0-9]+)$/).compactMap { Int($0.output.1) }.sorted()
  }

  /// The codes of the rows below a heading, up to the next one.
  static func codes(inPage page: String, below heading: String) -> [Int] {
    guard let beginning = page.firstRange(of: "\n## \(heading)\n") else { return [] }
    let rest = page[beginning.upperBound...]
    let section = rest[..<(rest.firstRange(of: "\n## ")?.lowerBound ?? rest.endIndex)]
    return section.matches(of: /(?m)^\| ([0-9]+) \|/).compactMap { Int($0.output.1) }
  }
}
