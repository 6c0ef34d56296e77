import DumpDirectory
import DumpFormat
import JSON
import Synchronization

/// The headers of journals, each read once: a header is written with the file, and does not change.
final class JournalHeaders: Sendable {
  private let known = Mutex<[UTF8Key: (inode: UInt64, header: JournalHeader)]>([:])

  /// The header of a journal.
  ///
  /// - Returns: `nil` when the file was cut off in it.
  /// - Throws: `DumpDirectoryError` or `DumpFormatError`.
  func header(
    of entry: JournalEntry, _ identity: FileIdentity, in directory: DumpDirectory, _ keyring: DumpKeyring
  ) throws -> JournalHeader? {
    let key = UTF8Key(entry.name)
    if let found = known.withLock({ $0[key] }), found.inode == identity.inode { return found.header }
    guard let header = try JournalReader(directory.source(of: entry.path), keyring)?.header else { return nil }
    // A header of another number is that of a renamed file, which verification reports.
    guard header.number == entry.number else { return nil }
    known.withLock { $0[key] = (identity.inode, header) }
    return header
  }

  /// Forgets journals that are gone.
  func forgetAll(except names: [String]) {
    let keys = Set(names.map { UTF8Key($0) })
    known.withLock { known in known = known.filter { keys.contains($0.key) } }
  }
}
