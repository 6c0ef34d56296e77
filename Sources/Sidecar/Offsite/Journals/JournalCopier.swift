import Clocks
import DumpDirectory
import DumpFormat
import JSON
import Logging

/// Copies journals to S3: of the one that grows what was added, as a further part; of the others all, as one object, or
/// in parts where that would delay the one that grows. Not for several threads at once.
final class JournalCopier {
  let store: OffsiteStore
  let volume: DumpVolume
  /// Whether this task makes the copies. It is asked before each one, as another task can become the writer meanwhile.
  let mayCopy: () -> Bool
  private let logger: Logger
  /// The journal that grows.
  private var tail: JournalTail?
  /// A journal that the newest state does not need, and that is too large for one round.
  var later: JournalTail?
  /// The journals that S3 is known to have up to their ends, be it in parts.
  var finished: Set<JournalNumber> = []
  /// The newest journal, while it waits for the copy of its dump.
  private var held: String?
  /// The copies that were there when this process began, by name.
  private var found: [UTF8Key: JournalCopy]?
  /// The journals that can't be copied now.
  private(set) var faults = JournalFaults()
  /// How fast the copies are made.
  var pace: CopyPace
  private var generator = SystemRandomNumberGenerator()

  init(
    _ store: OffsiteStore, volume: DumpVolume, mayCopy: @escaping () -> Bool, logger: Logger,
    pace: CopyPace = CopyPace()
  ) {
    self.store = store
    self.volume = volume
    self.mayCopy = mayCopy
    self.logger = logger
    self.pace = pace
  }

  /// Copies what is new, in an order in which S3 always has a state that can be fetched: first what the newest state
  /// needs, the oldest first, then the newest journal, then the others. A journal that can't be read keeps no other one
  /// from being copied, and is tried again in a later round.
  ///
  /// - Parameter deadline: when to leave those others to the next round, so that the newest journal does not wait.
  /// - Returns: whether S3 has everything now.
  /// - Throws: a fault that every journal would meet, as one of S3.
  func run(until deadline: Deadline) throws -> Bool {
    let directory = try volume.directory
    let entries = try directory.journals()
    let found = try copiesFound(of: directory.location)
    faults.removeAll(except: entries.map(\.name))
    guard let oldest = entries.first, let newest = entries.last else { return true }
    forgetFinished(before: oldest.number)
    if let tail, !isTail(newest) { try attempt(tail.entry) { try finishTail() } }
    let open = entries.dropLast().filter { !volume.isCopied($0.name, to: store.place) }
    var order = JournalOrder(volume, directory, at: store.place, found: found, finished: finished)
    var (others, isAll) = ([JournalEntry](), true)
    for entry in open where faults.isDue(entry.name, at: SteadyClock.now()) {
      if try finished.contains(entry.number) || order.isCovered(entry) {
        others.append(entry)
        continue
      }
      guard mayCopy() else { return false }
      guard try order.allows(entry) else {
        isAll = false
        continue
      }
      try attempt(entry) {
        if try copyMissing(of: entry, directory) { others.append(entry) } else { try copyWhole(entry, directory) }
      }
      order.finished = finished
    }
    guard open.isEmpty || mayCopy() else { return false }
    if try isTail(newest) || volume.isCopied(newest.name, to: store.place) || order.allows(newest) {
      held = nil
      try attempt(newest) { try copyTail(newest, directory) }
    } else {
      isAll = false
      noteWait(of: newest)
    }
    try copyLater(others, directory, until: deadline)
    return isAll && faults.isEmpty && others.allSatisfy { finished.contains($0.number) }
  }

  /// Forgets what S3 has, as it may be another place by now, or the same one without copies.
  func forget() { (tail, later, finished, found, held) = (nil, nil, [], nil, nil) }

  private func copiesFound(of location: DumpLocation) throws -> [UTF8Key: JournalCopy] {
    if let found { return found }
    let copies = try store.journals(of: location, Deadline(in: .seconds(120)))
    let listed = Self.byName(copies)
    found = listed
    return listed
  }

  /// The copies by the names of their journals.
  static func byName(_ copies: [JournalCopy]) -> [UTF8Key: JournalCopy] {
    Dictionary(copies.map { (UTF8Key($0.name.file), $0) }) { $1 }
  }

  /// Logs once that the newest journal waits.
  private func noteWait(of entry: JournalEntry) {
    guard held?.hasSameBytes(as: entry.name) != true else { return }
    held = entry.name
    logger.info(
      "the newest journal waits for the copy of the dump that it goes on from",
      metadata: ["journal.name": "\(entry.name)"])
  }

  /// Copies a journal, unless it failed a short time ago.
  ///
  /// - Throws: a fault that other journals would meet, too.
  func attempt(_ entry: JournalEntry, _ copy: () throws -> Void) throws {
    guard faults.isDue(entry.name, at: SteadyClock.now()) else { return }
    do {
      try copy()
      faults.succeeded(entry.name)
    } catch let error as OffsiteError where !error.isOfOneFile {
      throw error
    } catch {
      // The file may have been replaced, as by another key.
      found = nil
      let (pause, isFirst) = faults.failed(entry.name, at: SteadyClock.now(), using: &generator)
      guard isFirst else { return }
      logger.error(
        "a journal can't be copied to S3; it is tried again, and the others are copied",
        metadata: [
          "journal.name": "\(entry.name)", "error": "\(error)", "retry.ms": .stringConvertible(pause.milliseconds),
        ])
    }
  }

  private func copyTail(_ entry: JournalEntry, _ directory: DumpDirectory) throws {
    if !isTail(entry) {
      guard !volume.isCopied(entry.name, to: store.place), let began = try begin(entry, directory) else { return }
      tail = began
    }
    try growTail()
  }

  private func isTail(_ entry: JournalEntry) -> Bool { tail?.entry.name.hasSameBytes(as: entry.name) == true }

  /// Copies the rest of the journal before the newest one, so that S3 has the place where the newest one goes on.
  private func finishTail() throws {
    guard let number = tail?.entry.number else { return }
    do {
      try growTail()
      finished.insert(number)
      tail = nil
    } catch let error as OffsiteError {
      // After a fault of S3, the next round goes on here.
      if error.isOfOneFile { tail = nil }
      throw error
    } catch {
      // It is copied whole, as the others are, and that tells why it can't be.
      tail = nil
    }
  }

  /// Copies what was added to the journal that grows.
  private func growTail() throws {
    guard var grown = tail else { return }
    do {
      try grown.follower.advance()
    } catch {
      // It is read, and copied, from its beginning the next time.
      tail = nil
      throw error
    }
    defer { tail = grown }
    try send(&grown)
    if grown.follower.isClosed, grown.isCopied { finished.insert(grown.entry.number) }
  }

  /// Copies what was read of a journal, as a further part.
  func send(_ tail: inout JournalTail) throws {
    if !tail.isCopied {
      let start = SteadyClock.now()
      let (body, sha256) = try tail.follower.piece(from: tail.copied)
      let name = JournalCopy.partName(of: tail.entry.name, at: tail.copied)
      volume.noteCopy(of: tail.entry.number, at: store.place)
      do {
        try store.put(name, body, sha256: sha256, OffsiteStore.deadline(bytes: body.size))
      } catch {
        pace.slowDown()
        throw error
      }
      pace.note(body.size, in: SteadyClock.now() - start)
      tail.copied = tail.follower.end
      tail.replaced.removeAll { $0.name.hasSameBytes(as: name) }
    }
    for object in tail.replaced { try store.client.delete(object.key, Deadline(in: .seconds(60))) }
    tail.replaced = []
  }

  /// Copies what S3 lacks of a journal of which it has parts, as those of the task before this one.
  ///
  /// - Returns: whether S3 has all of it now. Otherwise it has to be copied whole.
  private func copyMissing(of entry: JournalEntry, _ directory: DumpDirectory) throws -> Bool {
    guard var rest = try resume(entry, directory), rest.copied > 0 else { return false }
    try rest.follower.advance()
    try send(&rest)
    finished.insert(entry.number)
    return true
  }

  /// Begins behind the parts that S3 has of a journal, and reads none of its changes yet.
  ///
  /// - Returns: `nil` when no part can be added: the copy is whole, or of another key, or the file has no whole header.
  func resume(_ entry: JournalEntry, _ directory: DumpDirectory) throws -> JournalTail? {
    guard let follower = try JournalFollower(entry.path, in: directory, volume.keyring) else { return nil }
    guard let (copy, relation) = try copyFound(of: entry, in: directory) else {
      return JournalTail(entry: entry, follower: follower, copied: 0)
    }
    guard relation == .same, copy.whole == nil else { return nil }
    return JournalTail(entry: entry, follower: follower, copied: copy.length)
  }

  /// Begins with a journal where its copy in S3 ends.
  ///
  /// - Returns: `nil` while the file has no whole header.
  private func begin(_ entry: JournalEntry, _ directory: DumpDirectory) throws -> JournalTail? {
    guard var follower = try JournalFollower(entry.path, in: directory, volume.keyring) else { return nil }
    try follower.advance()
    var tail = JournalTail(entry: entry, follower: follower, copied: 0)
    if let (copy, relation) = try copyFound(of: entry, in: directory) {
      if relation == .same || copy.length > follower.end {
        tail.copied = copy.length
        noteLongerCopy(copy, than: follower)
      } else {
        tail.replaced = copy.objects
      }
    }
    return tail
  }

  /// The copy of a journal that was there when this process began, and how it relates to the journal.
  ///
  /// - Returns: `nil` when there is none.
  /// - Throws: `OffsiteError` when it is the copy of another journal, which stays as it is.
  private func copyFound(
    of entry: JournalEntry, in directory: DumpDirectory
  ) throws -> (copy: JournalCopy, relation: JournalRelation)? {
    guard let copy = found?[UTF8Key(entry.name)],
      let journal = try JournalBeginning(of: directory.source(of: entry.path))
    else { return nil }
    let relation = try store.relation(of: copy, to: journal, volume.keyring, Deadline(in: .seconds(60)))
    guard relation != .other else {
      throw OffsiteError(
        .mismatch, "'\(entry.name)' in \(store.address) is another journal than the one of this volume")
    }
    return relation.map { (copy, $0) }
  }

  /// The parts in S3 can be of a longer file, from before a crash of the host cut it, or from before a backup of the
  /// volume was restored. Nothing takes their place.
  private func noteLongerCopy(_ copy: JournalCopy, than follower: JournalFollower) {
    guard copy.length > follower.end else { return }
    logger.notice(
      "S3 has more of a journal than the volume, and keeps it",
      metadata: ["journal.name": "\(copy.name.file)", "journal.bytes": .stringConvertible(follower.end)])
  }

  /// Copies a journal as one object, which takes the place of its parts.
  func copyWhole(_ entry: JournalEntry, _ directory: DumpDirectory) throws {
    if var follower = try JournalFollower(entry.path, in: directory, volume.keyring) {
      try follower.advance()
      if let (copy, _) = try copyFound(of: entry, in: directory), copy.length > follower.end {
        noteLongerCopy(copy, than: follower)
        noteWhole(entry)
        return
      }
      let (body, sha256) = try follower.piece(from: 0)
      volume.noteCopy(of: entry.number, at: store.place)
      let (deadline, start) = (OffsiteStore.deadline(bytes: body.size), SteadyClock.now())
      if try store.putUnlessThere(entry.name, body, sha256: sha256, deadline) {
        pace.note(body.size, in: SteadyClock.now() - start)
        logger.info(
          "journal copied to S3",
          metadata: [
            "journal.name": "\(entry.name)", "journal.bytes": .stringConvertible(body.size),
            "duration.ms": .stringConvertible((SteadyClock.now() - start).milliseconds),
          ])
      }
    }
    noteWhole(entry)
    // The parts of a journal that another sidecar may be reading again stay.
    guard mayCopy() else { return }
    // Only now are the parts of no use.
    try store.deleteParts(of: entry.name, Deadline(in: .seconds(120)))
  }

  private func noteWhole(_ entry: JournalEntry) {
    volume.markCopied(entry.name, at: store.place, isSaved: false)
    finished.insert(entry.number)
  }
}
