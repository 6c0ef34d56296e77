/// The allowed imports: module names to module names.
typealias Arrows = [String: Set<String>]

/// The arrows of the architecture's drawing, of the manifest and of the sources, and their differences.
struct ArrowCheck {
  /// The arrows of `docs/develop/architecture.md`.
  let drawn: Arrows
  /// The arrows of the manifest: every dependency of our targets, products of other packages too.
  let declared: Arrows
  /// The arrows of the sources: every module that a target's files import.
  let imported: Arrows

  /// Modules that come with the toolchain.
  static let toolchain: Set<String> = [
    "Swift", "Dispatch", "Foundation", "FoundationEssentials", "Glibc", "Synchronization", "RegexBuilder",
  ]

  var violations: [String] {
    let ours = Set(declared.keys)
    var violations: [String] = []
    for (target, dependencies) in declared {
      let own = dependencies.intersection(ours)
      let allowed = drawn[target] ?? []
      violations += own.subtracting(allowed).map { "\(target) -> \($0) is in the manifest, but not drawn" }
      violations += allowed.subtracting(own).map { "\(target) -> \($0) is drawn, but not in the manifest" }
      let used = imported[target] ?? []
      violations += used.subtracting(dependencies).subtracting(Self.toolchain).subtracting([target])
        .map { "\(target) imports \($0) without declaring it" }
      violations += dependencies.subtracting(used).map { "\(target) declares \($0) and imports it nowhere" }
    }
    violations += Set(drawn.keys).subtracting(ours).map { "\($0) is drawn, but there is no such target" }
    return violations.sorted()
  }
}

extension ArrowCheck {
  /// Reads the lines `A -> B, C` of the fenced block `arrows`.
  static func arrows(inDrawing text: String) -> Arrows {
    var arrows: Arrows = [:]
    var isInside = false
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("```") {
        isInside = line == "```arrows"
      } else if isInside, let arrow = line.firstRange(of: "->") {
        let source = line[..<arrow.lowerBound].filter { $0 != " " }
        let targets = line[arrow.upperBound...].split(separator: ",").map { $0.filter { $0 != " " } }
        arrows[source, default: []].formUnion(targets)
      }
    }
    return arrows
  }

  /// Reads the modules that a Swift file imports.
  static func imports(inSource text: String) -> Set<String> {
    let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
    var modules: Set<String> = []
    for line in text.split(separator: "\n") {
      var words = line.split(separator: " ")[...]
      while let first = words.first,
        first.hasPrefix("@") || ["public", "package", "internal", "private", "fileprivate"].contains(first)
      {
        words = words.dropFirst()
      }
      guard words.first == "import", words.count > 1 else { continue }
      words = words.dropFirst()
      if let first = words.first, kinds.contains(first) { words = words.dropFirst() }
      if let module = words.first?.split(separator: ".").first { modules.insert(String(module)) }
    }
    return modules
  }
}
