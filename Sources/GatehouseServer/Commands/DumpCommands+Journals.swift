import DumpDirectory
import DumpFormat
import DumpReports
import Glibc
import JSON
import Settings

/// The commands `gatehouse journal …`. They change nothing, and may run while a gateway writes the newest journal.
extension DumpCommands {
  /// Lists the journals, the oldest first, all of them read to their ends.
  package func listJournals(json: Bool) throws {
    let list = JournalList(try history(verifies: true), in: location)
    print(json ? TerminalText.json(.object(list.json)) : list.text)
  }

  /// Shows the commits of a journal.
  ///
  /// - Parameters:
  ///   - file: the journal's file or number; `nil` for the newest.
  ///   - from: the first commit, as `isBound` takes it.
  ///   - to: the last commit, in the same form.
  ///   - last: the number of commits at the end of these that are shown.
  package func inspectJournal(_ file: String?, from: String?, to: String?, last: Int?, json: Bool) throws {
    let selection = JournalSelection(
      from: from.flatMap(JournalSelection.Bound.init), to: to.flatMap(JournalSelection.Bound.init), last: last)
    let entry = try journal(file)
    let inspection = JournalInspection(
      entry, in: try JournalHistory(directory, keyring, verifies: false), selection, guide: .model)
    do {
      if json {
        try inspection.writeJSON { print($0, terminator: "") }
      } else {
        try inspection.writeText { print($0) }
      }
    } catch {
      fflush(nil)
      fail(entry.path, error)
    }
  }

  /// Whether a text is the number of a commit, or a time of RFC 3339 in UTC.
  package static func isBound(_ text: String) -> Bool { JournalSelection.Bound(text) != nil }

  /// Authenticates every byte of journals, and follows them from the newest good dump.
  ///
  /// - Parameter files: files or numbers of journals; empty for all of the dump directory, and the chain.
  package func verifyJournals(_ files: [String], json: Bool) throws {
    var check = try journalCheck(files)
    // Dumps and journals that came or were pruned meanwhile may have broken the chain only for this look at it.
    for _ in 0..<Self.attempts where files.isEmpty && check.outcome != .allGood {
      let before = try directory.fingerprint(isClose: false)
      check = try journalCheck(files)
      if try directory.fingerprint(isClose: false).isSame(as: before) { break }
    }
    print(json ? TerminalText.json(.object(check.json)) : check.text)
    switch check.outcome {
    case .allGood: break
    case .unreadable: exit(ExitCode.dumpUnreadable.rawValue)
    case .bad: exit(ExitCode.noDumpLoads.rawValue)
    }
  }

  /// A directory changes at most once in a few seconds.
  private static let attempts = 3

  private func journalCheck(_ files: [String]) throws -> JournalCheck {
    guard files.isEmpty else {
      let history = try JournalHistory(directory, keyring, verifies: false)
      let reports = try files.map { file in
        let entry = try journal(file)
        // Only a journal of the directory is one that its others go on from.
        let isOwn = history.journals.contains { $0.entry == entry }
        let place = isOwn ? entry.number.end(in: history.journals.map(\.header)) : nil
        let report = directory.journalReport(on: entry, keyring, goesOnAt: place)
        return (report: report, follows: report.header.map(history.follows))
      }
      return JournalCheck(reports, chain: nil, in: location.directory)
    }
    let history = try history(verifies: true)
    return JournalCheck(
      history.journals.map { (report: $0, follows: $0.header.map(history.follows)) }, chain: history.chain(),
      in: location.directory)
  }

  private func history(verifies: Bool) throws -> JournalHistory {
    do throws(DumpDirectoryError) {
      guard directory.exists else { failMissingDirectory() }
      return try JournalHistory(directory, keyring, verifies: verifies)
    } catch {
      fail(location.directory, error)
    }
  }

  /// The journal that an operator names.
  private func journal(_ file: String?) throws -> JournalEntry {
    guard let file else {
      guard directory.exists else { failMissingDirectory() }
      guard let newest = try directory.journals().last else {
        Program.complain("there is no journal in \(location.directory)")
        exit(ExitCode.noDumpLoads.rawValue)
      }
      return newest
    }
    if let place = JournalPosition(file), place.commits == 0, let entry = directory.entry(place.journal) {
      return entry
    }
    let path = directory.path(named: file)
    let name = path.parts(betweenBytes: UInt8(ascii: "/")).last ?? path
    if let number = JournalName(name)?.number { return JournalEntry(name: name, path: path, number: number) }
    do {
      if let header = try JournalReader(directory.source(of: path), keyring)?.header {
        return JournalEntry(name: name, path: path, number: header.number)
      }
    } catch {
      fail(path, error)
    }
    Program.complain("\(path): it was cut off before its header, and its name is not that of a journal")
    exit(ExitCode.noDumpLoads.rawValue)
  }
}
