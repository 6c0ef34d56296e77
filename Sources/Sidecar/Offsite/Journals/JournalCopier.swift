import Clocks
import DumpDirectory
import DumpFormat
import JSON
import Logging

/// Copies journals to S3: of the one that grows what was added, as a further part; of the others all, as one object.
/// Not for several threads at once.
final class JournalCopier {
  private let store: OffsiteStore
  private let volume: DumpVolume
  /// Whether this task makes the copies. It is asked before each one, as another task can become the writer meanwhile.
  let mayCopy: () -> Bool
  private let logger: Logger
  /// The journal that grows, and the bytes of it that S3 has.
  private var tail: (name: UTF8Key, follower: JournalFollower, copied: Int)?
  /// The copies that were there when this process began, by name.
  private var found: [UTF8Key: JournalCopy]?

  init(_ store: OffsiteStore, volume: DumpVolume, mayCopy: @escaping () -> Bool, logger: Logger) {
    self.store = store
    self.volume = volume
    self.mayCopy = mayCopy
    self.logger = logger
  }

  /// Copies what is new. A journal that can't be read keeps no other one from being copied.
  ///
  /// - Parameter deadline: when to leave the rest to the next round, so that the newest journal does not wait.
  /// - Returns: whether S3 has everything now.
  /// - Throws: a fault of S3 at once, and the first fault of a journal at the end.
  func run(until deadline: Deadline) throws -> Bool {
    let directory = try volume.directory
    let entries = try directory.journals()
    if found == nil {
      let copies = try store.journals(of: directory.location, Deadline(in: .seconds(120)))
      found = Dictionary(copies.map { (UTF8Key($0.name.file), $0) }) { $1 }
    }
    guard let newest = entries.last else { return true }
    var isAll = true
    var fault = try faultOfJournal { try copyTail(newest, directory) }
    for entry in entries.dropLast().reversed() where !volume.isCopied(entry.name) {
      guard !deadline.isOver, mayCopy() else {
        isAll = false
        break
      }
      let found = try faultOfJournal { try copyWhole(entry, directory) }
      if fault == nil { fault = found }
    }
    if let fault { throw fault }
    return isAll
  }

  /// Copies a journal.
  ///
  /// - Returns: the fault of that journal, if there is one.
  /// - Throws: a fault that other journals would meet, too.
  private func faultOfJournal(_ copy: () throws -> Void) throws -> (any Error)? {
    do {
      try copy()
      return nil
    } catch let error as OffsiteError where !error.isOfOneFile {
      throw error
    } catch {
      return error
    }
  }

  private func copyTail(_ entry: JournalEntry, _ directory: DumpDirectory) throws {
    let key = UTF8Key(entry.name)
    if tail?.name != key {
      tail = nil
      guard !volume.isCopied(entry.name),
        let follower = try JournalFollower(entry.path, in: directory, volume.keyring)
      else { return }
      tail = (key, follower, found?[key].map(\.partsEnd) ?? 0)
    }
    guard var (_, follower, copied) = tail else { return }
    do {
      try follower.advance()
    } catch {
      // It is read from its beginning the next time.
      tail = nil
      throw error
    }
    // The parts that were found can be of a longer file, before a crash of the host cut it.
    if follower.end > copied {
      let (body, sha256) = try follower.piece(from: copied)
      try store.put(
        JournalCopy.partName(of: entry.name, at: copied), body, sha256: sha256, OffsiteStore.deadline(bytes: body.size))
      copied = follower.end
    }
    tail = (key, follower, copied)
  }

  private func copyWhole(_ entry: JournalEntry, _ directory: DumpDirectory) throws {
    let start = SteadyClock.now()
    if var follower = try JournalFollower(entry.path, in: directory, volume.keyring) {
      try follower.advance()
      let (body, sha256) = try follower.piece(from: 0)
      let deadline = OffsiteStore.deadline(bytes: body.size)
      if try store.putUnlessThere(entry.name, body, sha256: sha256, deadline) {
        logger.info(
          "journal copied to S3",
          metadata: [
            "journal.name": "\(entry.name)", "journal.bytes": .stringConvertible(body.size),
            "duration.ms": .stringConvertible((SteadyClock.now() - start).milliseconds),
          ])
      }
    }
    volume.markCopied(entry.name)
    // The parts of a journal that another sidecar may be reading again stay.
    guard mayCopy() else { return }
    // Only now are the parts of no use.
    try store.deleteParts(of: entry.name, Deadline(in: .seconds(120)))
  }
}
