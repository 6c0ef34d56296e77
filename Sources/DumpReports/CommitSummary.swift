import DumpFormat
import JSON

/// One commit of a journal as reports show it: which documents it changed, and none of their values.
struct CommitSummary {
  /// One changed document.
  struct Change {
    let collection: String
    let kind: Kind
    let name: DocumentName
  }

  enum Kind: String {
    case added, changed, removed
  }

  /// The commit's number in its journal.
  let number: Int
  /// The place behind the commit, such as `3-17.204`.
  let place: String
  let time: String
  let actor: String?
  let changes: [Change]

  /// - Parameter names: those of removed documents, of which the journal has only the `_id`.
  init(_ commit: JournalCommit, of journal: JournalNumber, _ guide: DocumentGuide, names: RemovedNames) {
    number = commit.number
    place = JournalPosition(journal: journal, commits: commit.number).description
    time = JournalReport.time(commit.time)
    actor = commit.actor
    changes = commit.changes.map { change in
      let kind: Kind = change.after == nil ? .removed : change.before == nil ? .added : .changed
      let name =
        change.after.flatMap { DocumentGuide.object($0) }.map { guide.name(of: $0, in: change.collection) }
        ?? names.name(of: change)
      return Change(collection: change.collection, kind: kind, name: name)
    }
  }

  /// Lines for a terminal.
  var lines: [String] {
    let actor = actor.map { "by \(TerminalText.word($0))" } ?? "by the gateway itself"
    return ["\(place)  \(time)  \(actor)"]
      + changes.map { "  \($0.kind.rawValue)  \(TerminalText.word($0.collection))  \($0.name.text)" }
  }

  /// One object of the output of `--json`.
  var json: JSONValue {
    .object([
      "number": .integer(number), "place": .string(place), "time": .string(time),
      "actor": .text(actor),
      "changes": .array(
        changes.map { change in
          .object(
            JSONObject(
              [("collection", .string(change.collection)), ("change", .string(change.kind.rawValue))]
                + change.name.fields))
        }),
    ])
  }
}

extension DocumentGuide {
  /// A document of an authentic journal or dump. Anything else has no name.
  static func object(_ bytes: some Collection<UInt8>) -> JSONObject? {
    try? JSONParser(maximumDepth: .max).parseObject(Array(bytes))
  }
}
