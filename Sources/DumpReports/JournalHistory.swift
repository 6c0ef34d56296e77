package import DumpDirectory
package import DumpFormat
import JSON

/// The dumps and journals of a directory, with what leads from one to another.
package struct JournalHistory {
  /// The dumps, newest first, with what their beginnings tell.
  let dumps: [DumpEntry]
  /// The journals, the oldest first.
  package let journals: [JournalReport]
  let directory: DumpDirectory
  let keyring: DumpKeyring
  /// The names of dumps by their identities.
  private let identities: [UTF8Key: String]

  /// Reads a directory. One that is not there has no files.
  ///
  /// - Parameter verifies: whether to read every byte of each journal. Otherwise only the beginnings are read.
  package init(_ directory: DumpDirectory, _ keyring: DumpKeyring, verifies: Bool) throws(DumpDirectoryError) {
    self.directory = directory
    self.keyring = keyring
    let dumps: [DumpEntry]
    do throws(DumpDirectoryError) {
      dumps = try directory.catalogue(keyring)
    } catch {
      guard error.code == .notFound else { throw error }
      dumps = []
    }
    self.dumps = dumps
    journals = try directory.journalReports(keyring, verifies: verifies)
    let wanted = journals.contains { if case .dump? = $0.header?.start { true } else { false } }
    // A dump that can't be read now is not found, and the report says that it is not there.
    let found = (wanted ? dumps : []).compactMap { dump in
      (try? directory.identity(of: dump.path, keyring)).map { (UTF8Key($0), dump.name) }
    }
    identities = Dictionary(found) { first, _ in first }
  }

  /// The place from which a journal goes on. A dump with the journal's own number holds that state, too, and is named
  /// first.
  package func follows(_ header: JournalHeader) -> JournalFollows {
    if let own = dumps.first(where: { header.number.isOf($0.order) }) {
      return JournalFollows(base: .dump(own.name), isMissing: false)
    }
    switch header.start {
    case .empty: return JournalFollows(base: .empty, isMissing: false)
    case .ownDump: return JournalFollows(base: .dump(nil), isMissing: true)
    case .dump(let identity):
      let name = identities[UTF8Key(identity)]
      return JournalFollows(base: .dump(name), isMissing: name == nil)
    case .journal(let place):
      let name = JournalName(stem: directory.location.stem, number: place.journal).file
      return JournalFollows(
        base: .journal(name, commits: place.commits),
        isMissing: !journals.contains { $0.entry.number == place.journal })
    }
  }
}
