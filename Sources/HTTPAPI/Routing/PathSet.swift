import JSON

/// Paths, as a setting lists them: a path, or the beginning of paths with `*` behind.
package struct PathSet: Sendable, ExpressibleByArrayLiteral {
  private let paths: [String]
  private let beginnings: [String]

  /// Reads the entries of a setting.
  package init(_ entries: [String]) {
    paths = entries.filter { !$0.endsWithBytes("*") }
    beginnings = entries.filter { $0.endsWithBytes("*") }.map { String($0.dropLast()) }
  }

  /// A set of these entries.
  package init(arrayLiteral entries: String...) { self.init(entries) }

  /// Whether no path is in the set.
  package var isEmpty: Bool { paths.isEmpty && beginnings.isEmpty }

  /// Whether a path, without its query, is in the set.
  package func contains(_ path: String) -> Bool {
    paths.contains { path.hasSameBytes(as: $0) } || beginnings.contains { path.beginsWithBytes($0) }
  }
}
