package import DumpDirectory
package import DumpFormat

extension DumpDirectory {
  /// The journals of the directory, the oldest first, with their headers.
  ///
  /// - Parameter verifies: whether to read every byte of each. Otherwise only the beginnings are read.
  package func journalReports(_ keyring: DumpKeyring, verifies: Bool) throws(DumpDirectoryError) -> [JournalReport] {
    let read = try journals().map { ($0, header(of: $0, keyring)) }
    return read.map { entry, header in
      let headers = read.map(\.1.found)
      return report(on: entry, header, keyring, goesOnAt: entry.number.end(in: headers), verifies: verifies)
    }
  }

  /// A journal of which every byte is read.
  ///
  /// - Parameter place: the place behind which another journal goes on, or `nil` when none does.
  package func journalReport(
    on entry: JournalEntry, _ keyring: DumpKeyring, goesOnAt place: JournalPlace?
  ) -> JournalReport {
    report(on: entry, header(of: entry, keyring), keyring, goesOnAt: place, verifies: true)
  }

  private func report(
    on entry: JournalEntry, _ header: (found: JournalHeader?, trouble: String?), _ keyring: DumpKeyring,
    goesOnAt place: JournalPlace?, verifies: Bool
  ) -> JournalReport {
    let bytes = (try? FileIdentity(of: entry.path))?.bytes ?? 0
    guard verifies else {
      return JournalReport(entry, bytes: bytes, header: header.found, trouble: header.trouble)
    }
    let (found, trouble) = verification(of: entry, keyring, goesOnAt: place)
    return JournalReport(entry, bytes: bytes, header: header.found, verification: found, trouble: trouble)
  }

  private func header(of entry: JournalEntry, _ keyring: DumpKeyring) -> (found: JournalHeader?, trouble: String?) {
    do {
      return (try JournalReader(source(of: entry.path), keyring)?.header, nil)
    } catch {
      return (nil, "\(error)")
    }
  }
}
