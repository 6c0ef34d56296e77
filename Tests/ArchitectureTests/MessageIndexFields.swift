/// The fields of log lines and the metrics of the sidecar, in the sources and in the page.
enum FieldIndex {
  /// The names of fields in a source file: those with a dot, and those in a literal of metadata.
  static func fields(inSource source: String) -> Set<String> {
    var fields: Set<String> = []
    for match in source.matches(of: /"([a-z]+(?:\.[a-z_]+)+)"(?::|\])/) { fields.insert(String(match.output.1)) }
    for match in source.matches(of: /(?:metadata: |Metadata = |metadata(?:\([a-z]*\))?\.merging\()\[|metadata(?=\[")/) {
      fields.formUnion(keys(ofDictionary: source[match.range.upperBound...]))
    }
    // A fault's metadata is the last argument behind its sentence.
    guard source.contains("extension StartFault") else { return fields }
    for match in source.matches(of: /[,"]\s*\[(?="[a-z.]+": )/) {
      fields.formUnion(keys(ofDictionary: source[match.range.upperBound...]))
    }
    return fields
  }

  /// The keys of a dictionary's literal, up to its end. A text in it may hold brackets.
  private static func keys(ofDictionary text: Substring) -> Set<String> {
    var (rest, depth) = (text, 1)
    var keys: Set<String> = []
    if rest.first == "[" { rest.removeFirst() }
    while depth > 0, let character = rest.first {
      if character == "\"", let literal = MessageIndex.literalRange(in: rest) {
        let name = rest[literal].dropFirst().dropLast()
        rest = rest[literal.upperBound...]
        let isKey = rest.hasPrefix(":") || rest.hasPrefix("]") && rest.dropFirst().hasPrefix(" = ")
        if depth == 1, isKey, name.wholeMatch(of: /[a-z._]+/) != nil { keys.insert(String(name)) }
        continue
      }
      if character == "[" || character == "(" { depth += 1 }
      if character == "]" || character == ")" { depth -= 1 }
      rest.removeFirst()
    }
    return keys
  }

  /// The first cells of the rows below a heading, up to the next heading.
  static func names(inPage page: String, below heading: String) -> [String] {
    guard let beginning = page.firstRange(of: "# \(heading)\n") else { return [] }
    let rest = page[beginning.upperBound...]
    let section = rest[..<(rest.firstRange(of: "\n#")?.lowerBound ?? rest.endIndex)]
    return section.matches(of: /(?m)^\| `([^`]+)` \|/).map { String($0.output.1) }
  }

  static func faults(sources: Set<String>, page: [String]) -> [String] {
    sources.subtracting(page).sorted().map { "not in the page: `\($0)`" }
      + Set(page).subtracting(sources).sorted().map { "in the page, and in no source: `\($0)`" }
      + (Set(page).count == page.count ? [] : ["a row is there twice"])
  }
}

/// The names of the sidecar's metrics, as its source has them.
enum MetricIndex {
  static func status(inSource source: String) -> Set<String> {
    let pairs = source.matches(of: /\("([a-z_]+)", (?!value)[a-zA-Z]/).map { String($0.output.1) }
    return Set(pairs)
  }

  static func prometheus(inSource source: String) -> Set<String> {
    Set(source.matches(of: /text\.(?:gauges?|counter)\(\s*"([a-z_]+)"/).map { String($0.output.1) })
  }

  /// The raw values of the cases of `Cause`.
  static func causes(inSource source: String) -> Set<String> {
    guard let beginning = source.firstRange(of: "enum Cause"),
      let end = source[beginning.upperBound...].firstIndex(of: "}")
    else { return [] }
    return Set(
      source[beginning.upperBound..<end].matches(of: /case (\w+)(?: = "(\w+)")?/).map {
        String($0.output.2 ?? $0.output.1)
      })
  }
}
