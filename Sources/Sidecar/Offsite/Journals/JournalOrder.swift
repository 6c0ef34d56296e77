import Clocks
import DumpDirectory
import DumpFormat
import DumpReports
import JSON

/// Tells which journals may be copied now. S3 gets a journal when it has the dump or the journal that this one goes on
/// from, so that a fetch can use what it has at any time.
///
/// Nothing waits where no dump is to come. Then the chain is broken on the volume itself, and the journal is all that
/// there is of its changes.
struct JournalOrder {
  private let volume: DumpVolume
  private let directory: DumpDirectory
  /// The place of the copies.
  private let place: UTF8Key
  /// The copies of journals that were there when this process began, by name.
  private let found: [UTF8Key: JournalCopy]
  /// The journals that S3 is known to have up to their ends, be it in parts.
  var finished: Set<JournalNumber>
  /// The dumps of the volume, newest first, once they are needed. Their beginnings are read for that.
  private var dumps: [KnownDump]?

  init(
    _ volume: DumpVolume, _ directory: DumpDirectory, at place: UTF8Key, found: [UTF8Key: JournalCopy],
    finished: Set<JournalNumber>
  ) {
    (self.volume, self.directory, self.place) = (volume, directory, place)
    (self.found, self.finished) = (found, finished)
  }

  /// Whether S3 has a newer dump, so that the newest state does not need the journal.
  mutating func isCovered(_ entry: JournalEntry) throws -> Bool {
    let dumps = try knownDumps()
    return copied(among: dumps).map { isCovered(entry, by: $0) } == true
  }

  /// Whether the journal may be copied now.
  mutating func allows(_ entry: JournalEntry) throws -> Bool {
    // A journal without a header can't be copied, and the attempt says why.
    guard let header = header(of: entry) else { return true }
    if case .journal(let before) = header.start, isThere(before.journal) { return true }
    let dumps = try knownDumps()
    guard let dump = copied(among: dumps) else { return header.start == .empty || !isOneToCome(dumps) }
    if isCovered(entry, by: dump) { return true }
    let base = JournalBase(identity: try volume.identity(of: dump, for: [header]), order: dump.entry.order)
    return base.begins(header) || !isOneToCome(dumps)
  }

  /// A dump without an order, as Doorman's, is ranked by its time. Journals that were begun later go on from it.
  private func isCovered(_ entry: JournalEntry, by dump: KnownDump) -> Bool {
    if let order = dump.entry.order { return entry.number < JournalNumber(order) }
    guard let begun = header(of: entry).flatMap({ CivilTime.sortable($0.createdAt) }),
      let dumped = CivilTime.sortable(dump.createdAt)
    else { return true }
    return begun < dumped
  }

  private mutating func knownDumps() throws -> [KnownDump] {
    if let dumps { return dumps }
    let read = try volume.dumps()
    dumps = read
    return read
  }

  /// The newest dump that has a copy.
  private func copied(among dumps: [KnownDump]) -> KnownDump? {
    dumps.first { $0.entry.header != nil && volume.isCopied($0.name, to: place) }
  }

  /// Whether the newest dump is still to be copied. One that does not verify, can't be read, or is too large for S3,
  /// is not.
  private func isOneToCome(_ dumps: [KnownDump]) -> Bool {
    let next = dumps.first { dump in
      dump.verification?.fault == nil && dump.readFault == nil
        && (dump.isGood || !volume.unreadDumps.contains(dump.name))
    }
    // The newest good one is copied, and no older one in its place.
    guard let next, next.entry.bytes <= S3Client.maximumObject, !volume.unreadDumps.contains(next.name) else {
      return false
    }
    return !volume.isCopied(next.name, to: place)
  }

  /// Whether S3 has a journal up to the place where the next one goes on.
  private func isThere(_ number: JournalNumber) -> Bool {
    if finished.contains(number) { return true }
    if let entry = directory.entry(number) { return volume.isCopied(entry.name, to: place) }
    // It was pruned on the volume, which forgets the note of its copy then.
    return found[UTF8Key(JournalName(stem: directory.location.stem, number: number).file)] != nil
  }

  private func header(of entry: JournalEntry) -> JournalHeader? {
    do {
      return try volume.headers.header(of: entry, FileIdentity(of: entry.path), in: directory, volume.keyring)
    } catch {
      return nil
    }
  }
}
