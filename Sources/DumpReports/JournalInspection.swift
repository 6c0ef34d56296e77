package import DumpDirectory
import DumpFormat
import JSON

/// The output of `journal inspect`: the header of a journal, and each of its commits with the documents that it
/// changed. Values of documents are not shown. The file may still grow meanwhile.
package struct JournalInspection {
  private let history: JournalHistory
  private let entry: JournalEntry
  private let selection: JournalSelection
  private let guide: DocumentGuide

  /// The reading of one journal.
  ///
  /// - Parameter history: of the directory, for what the journal follows and the names of removed documents.
  package init(
    _ entry: JournalEntry, in history: JournalHistory, _ selection: JournalSelection, guide: DocumentGuide
  ) {
    self.history = history
    self.entry = entry
    self.selection = selection
    self.guide = guide
  }

  /// Writes lines for a terminal, one at a time.
  ///
  /// - Throws: `DumpDirectoryError`, or `DumpFormatError` behind the last commit that could be read.
  package func writeText(_ line: (String) -> Void) throws {
    guard let header = try open()?.header else { return line(Self.blank(entry)) }
    let facts = [
      ("path", entry.path), ("number", header.number.description), ("created at", header.createdAt),
      ("writer", header.writer), ("follows", history.follows(header).text),
    ]
    for (name, value) in facts {
      line(TerminalText.line(name + String(repeating: " ", count: 12 - name.count) + value))
    }
    let names = try names(header)
    if let trouble = names.trouble { line(TerminalText.line("note: \(trouble)")) }
    var shown = 0
    let reading = try read(header, names) { summary in
      shown += 1
      for part in summary.lines { line(part) }
    }
    let end = "\(shown) of \(reading.commits) commits; \(Self.words(reading.ending))"
    guard let fault = reading.fault else { return line(end) }
    line("\(shown) of \(reading.commits) commits up to a fault")
    throw fault
  }

  /// Writes one JSON object in parts, one commit at a time. A fault is a member of it, too.
  ///
  /// - Throws: as `writeText`.
  package func writeJSON(_ part: (String) -> Void) throws {
    let header = try open()?.header
    let names = try header.map(names)
    let facts: JSONObject = [
      "name": .string(entry.name), "path": .string(entry.path),
      "epoch": .integer(entry.number.epoch), "sequence": .integer(entry.number.sequence),
      "created_at": .text(header?.createdAt),
      "writer": .text(header?.writer),
      "follows": header.map { history.follows($0).json } ?? .null,
      "note": .text(names?.trouble),
    ]
    part(String(TerminalText.json(.object(facts)).dropLast()) + ",\"shown\":[")
    var isFirst = true
    var reading = Reading()
    if let header, let names {
      reading = try read(header, names) { summary in
        part((isFirst ? "" : ",") + TerminalText.json(summary.json))
        isFirst = false
      }
    }
    let end: JSONObject = [
      "commits": .integer(reading.commits), "closed": .bool(reading.ending == .closed),
      "torn_bytes": .integer(reading.tornBytes), "error": .text(reading.fault?.description),
    ]
    part("]," + String(TerminalText.json(.object(end)).dropFirst()) + "\n")
    if let fault = reading.fault { throw fault }
  }

  private static func blank(_ entry: JournalEntry) -> String {
    TerminalText.line("\(entry.path): its beginning was cut off before it held a commit; nothing is lost")
  }

  private static func words(_ ending: JournalReader.Ending) -> String {
    switch ending {
    case .closed: "the journal is closed"
    case .open: "the journal is open: its writer may add to it, or ended without closing it"
    case .torn(let bytes):
      "\(bytes) bytes at the end belong to a write that is under way or was cut off; a start leaves them out"
    }
  }
}

// MARK: - Reading

extension JournalInspection {
  /// The result of reading to the end.
  private struct Reading {
    var commits = 0
    var ending = JournalReader.Ending.open
    var fault: DumpFormatError?

    var tornBytes: Int { if case .torn(let bytes) = ending { bytes } else { 0 } }
  }

  private func open() throws -> JournalReader? {
    try JournalReader(history.directory.source(of: entry.path), history.keyring)
  }

  /// The names of the documents that the selected commits remove.
  private func names(_ header: JournalHeader) throws -> RemovedNames {
    var names = RemovedNames()
    _ = try forEachCommit { if selection.contains($0) { names.want($0) } }
    names.learn(from: history, before: header.number, guide)
    _ = try forEachCommit { names.learn(from: $0, guide) }
    return names
  }

  /// Hands out the selected commits.
  private func read(
    _ header: JournalHeader, _ names: RemovedNames, _ body: (CommitSummary) -> Void
  ) throws -> Reading {
    // Only the newest ones, where just those are wanted.
    var kept: [CommitSummary] = []
    let reading = try forEachCommit { commit in
      guard selection.contains(commit) else { return }
      let summary = CommitSummary(commit, of: header.number, guide, names: names)
      guard let last = selection.last else { return body(summary) }
      kept.append(summary)
      if kept.count >= 2 * max(1, last) { kept.removeFirst(kept.count - last) }
    }
    if let last = selection.last { kept.suffix(last).forEach(body) }
    return reading
  }

  private func forEachCommit(_ body: (JournalCommit) -> Void) throws -> Reading {
    var reading = Reading()
    guard var reader = try open() else { return reading }
    do throws(DumpFormatError) {
      while let batch = try reader.next() {
        batch.commits.forEach(body)
        reading.commits = reader.commits
      }
      reading.ending = reader.ending
    } catch {
      reading.fault = error
    }
    return reading
  }
}
