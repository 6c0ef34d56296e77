import DumpDirectory
package import JSON

/// The place from which a journal goes on, as reports name it.
package struct JournalFollows: Sendable, Equatable {
  /// The state before the journal's first commit.
  package enum Base: Sendable, Equatable {
    /// A state without documents.
    case empty
    /// A dump, by the name of its file, or `nil` when the directory does not have it.
    case dump(String?)
    /// A place in another journal, by the name of its file.
    case journal(String, commits: Int)
  }

  /// The state before the first commit.
  package let base: Base
  /// Whether the directory does not have the file that the base names. Files that newer dumps cover are pruned.
  package let isMissing: Bool

  /// The base in words, such as `memory_dump.journal-1-1 at commit 12`.
  package var text: String {
    switch base {
    case .empty: "an empty state"
    case .dump(let name?): TerminalText.line(name)
    case .dump(nil): "a dump that is not there"
    case .journal(let name, let commits):
      "\(TerminalText.line(name)) at commit \(commits)\(isMissing ? ", which is not there" : "")"
    }
  }

  /// The object that `--json` prints.
  package var json: JSONValue {
    var (dump, journal, commits): (JSONValue, JSONValue, JSONValue) = (.null, .null, .null)
    switch base {
    case .empty: break
    case .dump(let name): dump = .text(name)
    case .journal(let name, let count): (journal, commits) = (.string(name), .integer(count))
    }
    return .object(["dump": dump, "journal": journal, "commits": commits, "missing": .bool(isMissing)])
  }
}
