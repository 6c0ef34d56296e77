package import DumpDirectory
package import JSON

/// The output of `journal list`: the journals of a directory, oldest first, all of them read to their ends.
package struct JournalList {
  private let history: JournalHistory
  private let location: DumpLocation

  /// A list of a directory's journals.
  package init(_ history: JournalHistory, in location: DumpLocation) {
    self.history = history
    self.location = location
  }

  /// The object that `--json` prints.
  package var json: JSONObject {
    [
      "directory": .string(location.directory),
      "journals": .array(history.journals.map { $0.json(follows: $0.header.map(history.follows)) }),
    ]
  }

  /// Lines for a terminal.
  package var text: String {
    let reports = history.journals
    guard !reports.isEmpty else { return "no journals in \(TerminalText.line(location.directory))" }
    let heading = "\(reports.count) journal\(reports.count == 1 ? "" : "s") in \(location.directory), oldest first"
    return ([TerminalText.line(heading)] + reports.map(line)).joined(separator: "\n")
  }

  private func line(_ report: JournalReport) -> String {
    let follows = report.header.map { "  follows \(history.follows($0).text)" } ?? ""
    let error = report.error.map { "\n      \(TerminalText.line($0))" } ?? ""
    return "\(TerminalText.line(report.entry.name))  \(report.bytes) bytes  \(report.contents)\(follows)\(error)"
  }
}

extension JournalReport {
  /// The commits of a journal and its end, in words.
  var contents: String {
    switch verification {
    case .good(let good)?:
      var text = "no commits"
      if let first = good.first, let last = good.last {
        text = "\(good.commits) commit\(good.commits == 1 ? "" : "s")  \(Self.time(first)) to \(Self.time(last))"
      }
      return text + (good.isClosed ? "  closed" : good.torn > 0 ? "  open, \(good.torn) bytes unfinished" : "  open")
    case .damaged?: return "DAMAGED"
    case .unopened?: return "NOT OPENED"
    case nil: return "NOT READ"
    }
  }

  /// One object of the output of `gatehouse journal`.
  func json(follows: JournalFollows?) -> JSONValue {
    guard var object = json.object else { return json }
    object["keep"] = nil
    object["reasons"] = nil
    object["follows"] = follows?.json ?? .null
    return .object(object)
  }
}
