package import DumpFormat
import Glibc
import JSON

/// A journal's file in the directory, by its name alone.
package struct JournalEntry: Sendable, Equatable {
  /// The file's name.
  package let name: String
  /// The absolute path.
  package let path: String
  /// The number in the name. The header has the one that counts.
  package let number: JournalNumber

  /// An entry of these values.
  package init(name: String, path: String, number: JournalNumber) {
    self.name = name
    self.path = path
    self.number = number
  }
}

extension DumpDirectory {
  /// The journals of the location, the oldest first.
  ///
  /// - Throws: `DumpDirectoryError` when the directory can't be read.
  package func journals() throws(DumpDirectoryError) -> [JournalEntry] {
    let names: [String]
    do {
      names = try files.names(in: location.directory)
    } catch  where error.code == .notFound {
      return []
    }
    var entries = names.compactMap { name -> JournalEntry? in
      guard location.ownsJournal(name), let number = JournalName(name)?.number else { return nil }
      return JournalEntry(name: name, path: "\(location.directory)/\(name)", number: number)
    }
    // The list of a network volume may be a minute old, but a file that is asked for by its name is there.
    for epoch in Set(entries.map(\.number.epoch)) {
      var last = entries.lazy.map(\.number).filter { $0.epoch == epoch }.max()?.sequence ?? 0
      while let number = JournalNumber(epoch: epoch, sequence: last + 1), let entry = entry(number) {
        entries.append(entry)
        last += 1
      }
    }
    return entries.sorted { $0.number < $1.number }
  }

  /// Has later questions for names answered by the volume. Without it a network file system may answer for up to a
  /// minute from what it knew: also that a name is not there (nfs(5), "lookupcache": until the cached attributes of the
  /// directory expire). Opening the directory verifies these attributes ("close-to-open").
  package func renewNames() {
    let descriptor = Glibc.open(location.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    // The questions that follow meet the same fault, and report it.
    if descriptor >= 0 { close(descriptor) }
  }

  /// A journal that is asked for by its number. Another process's new one may not show before `renewNames`.
  ///
  /// - Returns: `nil` when there is none.
  package func entry(_ number: JournalNumber) -> JournalEntry? {
    let name = JournalName(stem: location.stem, number: number).file
    let path = "\(location.directory)/\(name)"
    var status = stat()
    guard lstat(path, &status) == 0 else { return nil }
    return JournalEntry(name: name, path: path, number: number)
  }

  /// A new journal, whose file is created when it is first synchronized.
  ///
  /// - Parameters:
  ///   - beginning: the bytes before the first commit.
  ///   - foreignStart: the journal's start when another process wrote it.
  package func newJournal(
    _ number: JournalNumber, beginning: [UInt8], after foreignStart: JournalStart? = nil
  ) -> JournalFile {
    let base: JournalFile.ForeignBase? =
      switch foreignStart {
      case .journal(let place)?: .journal(path: path(place.journal))
      case .dump?: .dump
      case .empty?, .ownDump?, nil: nil
      }
    return JournalFile(
      path: path(number), directory: location.directory, beginning: beginning, after: base, files: files)
  }

  private func path(_ number: JournalNumber) -> String {
    "\(location.directory)/\(JournalName(stem: location.stem, number: number).file)"
  }

  /// The identity of a dump (`DumpIdentity`), which is known to be authentic.
  package func identity(of path: String, _ keyring: DumpKeyring) throws -> String {
    try DumpIdentity.of(DumpFileSource(path: path), keyring)
  }

  /// Removes a journal.
  package func remove(_ entry: JournalEntry) throws(DumpDirectoryError) {
    try files.unlink(entry.path)
    try files.synchronizeDirectory(location.directory)
  }
}
