/// The claims of `@unchecked Sendable` in a source file.
struct UncheckedClaims {
  /// How many there are.
  let count: Int
  /// The lines of those that have no comment `// Sendable: …` directly above them.
  let withoutProof: [String]

  init(source: String) {
    let lines = source.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let claims = lines.indices.filter { lines[$0].contains("@unchecked Sendable") && !lines[$0].hasPrefix("//") }
    count = claims.count
    withoutProof = claims.filter { index in
      let comment = lines[..<index].reversed().prefix { $0.drop { $0 == " " }.hasPrefix("//") }
      return !comment.contains { $0.contains("// Sendable: ") }
    }.map { lines[$0] }
  }
}
