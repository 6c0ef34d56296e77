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
  /// The journal before the newest one, when S3 has all of it in parts.
  private let finished: JournalNumber?
  /// The dumps of the volume, newest first, once they are needed. Their beginnings are read for that.
  private var dumps: [KnownDump]?

  init(
    _ volume: DumpVolume, _ directory: DumpDirectory, at place: UTF8Key, found: [UTF8Key: JournalCopy],
    finished: JournalNumber?
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

  /// A dump without an order, as Doorman's, is newer by its time, or it would not be the newest copy.
  private func isCovered(_ entry: JournalEntry, by dump: KnownDump) -> Bool {
    dump.entry.order.map { entry.number < JournalNumber($0) } != false
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

  /// Whether the newest dump is still to be copied. One that does not verify, or can't be read, is not.
  private func isOneToCome(_ dumps: [KnownDump]) -> Bool {
    let next = dumps.first { $0.verification?.fault == nil && $0.readFault == nil }
    return next.map { !volume.isCopied($0.name, to: place) } == true
  }

  /// Whether S3 has a journal up to the place where the next one goes on.
  private func isThere(_ number: JournalNumber) -> Bool {
    if number == finished { return true }
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
