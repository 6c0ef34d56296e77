import DumpDirectory
import DumpFormat

extension JournalFollower {
  /// Compares the state that was reached with the directory, when nobody else writes there.
  ///
  /// - Parameter holder: the epoch of the lease, which is this task's.
  /// - Throws: `DumpDirectoryError` or `DumpFormatError` when a file can't be read now.
  mutating func standing(holder: Int) throws -> Follower.Standing {
    // The list of all journals counts here, too.
    guard try isNewestJournal(holder: holder) else { return .older }
    guard let newest = try directory.catalogue(keyring).first else {
      return base == .empty ? .newest(start: end, dump: nil) : .older
    }
    guard let order = newest.order else { return .older }
    let dump = Dumper.Origin(path: newest.path, createdAt: newest.createdAt)
    guard let present = reader?.header.number else {
      return order == base.order ? .newest(start: end, dump: dump) : .older
    }
    // A newer dump may hold another state than the journal before it, after a restore. Only the header of a journal
    // behind the dump tells.
    return JournalNumber(order) <= present ? .newest(start: end, dump: dump) : .older
  }
}
