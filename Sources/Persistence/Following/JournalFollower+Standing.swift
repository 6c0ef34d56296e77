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
    let number = JournalNumber(order)
    if number <= present { return .newest(start: end, dump: dump) }
    // A dump ends a journal. If no other follows it, the dump holds the state at its end.
    guard number.epoch == present.epoch, isClosed else { return .older }
    end = .dump(identity: try directory.identity(of: newest.path, keyring))
    return .newest(start: end, dump: dump)
  }
}
