import Clocks
import DumpDirectory
import DumpFormat
import JSON

/// Finds out whether the copies in S3 are of the history of this volume.
///
/// Copies are ranked by epoch and sequence alone. A volume that began empty, or as an older backup, counts from lower
/// numbers than the copies of the volume before it. Among these its dumps would count as old ones: a fetch would bring
/// the other history, and the retention rules would delete the present one. So a volume copies only to a place whose
/// newest copy it knows: because it has that file, or because it has copied as far as that itself. A place without
/// copies it has to claim.
struct CopyLineage {
  let store: OffsiteStore
  let volume: DumpVolume

  /// The result of a look at S3.
  enum Finding: Sendable, Equatable {
    /// All copies are of this volume's history, or there are none.
    case own(highest: JournalNumber?, isEmpty: Bool)
    /// S3 has a copy that the volume does not know, with a sentence that names it.
    case foreign(String)
  }

  /// The most journals whose copies are compared with the files, the newest first. Two histories differ in all of them
  /// from some number on.
  private static let comparisons = 32

  /// Lists the copies, and compares them with the volume.
  func look(_ deadline: Deadline) throws -> Finding {
    let directory = try volume.directory
    let inventory = try store.inventory(of: directory.location, deadline)
    guard let top = inventory.top else {
      guard try inventory.hasCopies || claim(inventory, directory.location, deadline) else {
        let name = OffsiteStore.claimName(of: directory.location)
        return .foreign(
          "'\(name)' in \(store.address) says that another volume began to copy there; if that one is gone, delete it")
      }
      return .own(highest: nil, isEmpty: inventory.isEmpty)
    }
    // A network volume may list the names of a minute ago.
    directory.renewNames()
    let journals = try directory.journals()
    if let stranger = try stranger(among: inventory.journals, journals, directory, deadline) { return stranger }
    let notes = volume.copyNotes(at: store.place)
    let reached = [journals.last?.number, try leaseNumber(in: directory)].compactMap(\.self)
    if notes.cover(top.number, reached) { return .own(highest: top.number, isEmpty: false) }
    // The beginnings of all dumps are read, which only the first look at a place needs.
    let dumps = try volume.dumps()
    if let stranger = stranger(among: inventory.dumps, dumps) { return stranger }
    let orders = dumps.compactMap { dump in dump.entry.order.map { JournalNumber($0) } }
    // A dump without a number, as Doorman writes it, is ranked by its time. If it is the newest one, so are the next.
    let isTimed = dumps.first.map { $0.entry.header != nil && $0.entry.order == nil } == true
    guard
      try notes.cover(top.number, isTimed ? [top.number] : reached + orders)
        || isThere(top.number, inventory, journals, orders)
        || goesOn(above: top.number, inventory, journals, dumps, directory)
    else {
      return .foreign("'\(top.name)' in \(store.address) is none that this volume has, or is known to have copied")
    }
    return .own(highest: top.number, isEmpty: false)
  }

  /// Claims a place that has no copies yet, where two volumes could begin at the same time.
  private func claim(_ inventory: CopyInventory, _ location: DumpLocation, _ deadline: Deadline) throws -> Bool {
    try store.claim(inventory, of: location, for: volume.nameInClaims(), deadline)
  }

  /// Whether the volume has the dump or the journal with the highest number of S3. Both were compared before.
  private func isThere(
    _ highest: JournalNumber, _ inventory: CopyInventory, _ journals: [JournalEntry], _ orders: [JournalNumber]
  ) -> Bool {
    if inventory.journals.last?.name.number == highest, journals.contains(where: { $0.number == highest }) {
      return true
    }
    return orders.contains(highest) && inventory.dumps.contains { $0.entry.order.map { JournalNumber($0) } == highest }
  }

  /// Whether the volume has a file of S3, and its writer has an epoch above all of S3. Then both have one history up to
  /// some point, and the copies from now on count as newer than all that S3 has. So it is with a new volume for each
  /// task that began with a fetch, when the task before it made one more copy.
  private func goesOn(
    above highest: JournalNumber, _ inventory: CopyInventory, _ journals: [JournalEntry], _ dumps: [KnownDump],
    _ directory: DumpDirectory
  ) throws -> Bool {
    guard let number = try leaseNumber(in: directory), number.epoch > highest.epoch else { return false }
    // Files of the same name or number were compared before: none is another one.
    let copied =
      inventory.journals.map(\.name.number) + inventory.dumps.compactMap { $0.entry.order.map { JournalNumber($0) } }
    let own = journals.map(\.number) + dumps.compactMap { $0.entry.order.map { JournalNumber($0) } }
    return own.contains { copied.contains($0) }
  }

  /// The epoch that the writer has now. Its next files have higher numbers than those of every earlier epoch.
  private func leaseNumber(in directory: DumpDirectory) throws -> JournalNumber? {
    do throws(DumpDirectoryError) {
      guard let record = LeaseRecord(try directory.readSmallFile(LeaseVolume.file)) else { return nil }
      return JournalNumber(epoch: record.epoch, sequence: 0)
    } catch {
      guard error.code == .notFound else { throw error }
      return nil
    }
  }

  /// Finds a journal in S3 that has the name of one of the volume, and is another one.
  private func stranger(
    among copies: [JournalCopy], _ journals: [JournalEntry], _ directory: DumpDirectory, _ deadline: Deadline
  ) throws -> Finding? {
    let byName = Dictionary(copies.map { (UTF8Key($0.name.file), $0) }) { first, _ in first }
    var left = Self.comparisons
    for entry in journals.reversed() where left > 0 && !volume.isCopied(entry.name, to: store.place) {
      guard let copy = byName[UTF8Key(entry.name)], let journal = beginning(of: entry, in: directory) else { continue }
      left -= 1
      guard try store.relation(of: copy, to: journal, volume.keyring, deadline) == .other else { continue }
      return .foreign("'\(entry.name)' in \(store.address) is another journal than the one of this volume")
    }
    return nil
  }

  /// - Returns: `nil` for a journal that can't be compared. It can't be copied either, and a round over the volume says
  ///   why.
  private func beginning(of entry: JournalEntry, in directory: DumpDirectory) -> JournalBeginning? {
    do {
      return try JournalBeginning(of: directory.source(of: entry.path))
    } catch {
      return nil
    }
  }

  /// Finds a dump in S3 that has the name or the number of one of the volume, and was made at another time.
  private func stranger(among copies: [OffsiteStore.Copy], _ dumps: [KnownDump]) -> Finding? {
    let byName = Dictionary(dumps.map { (UTF8Key($0.name), $0.entry) }) { first, _ in first }
    let byOrder = Dictionary(
      dumps.compactMap { dump in dump.entry.order.map { ($0, dump.entry) } }
    ) { first, _ in first }
    for copy in copies where copy.documents != nil {
      guard let header = copy.entry.header else { continue }
      for entry in [byName[UTF8Key(copy.object.name)], header.order.flatMap { byOrder[$0] }].compactMap(\.self) {
        guard let own = entry.header, !own.createdAt.hasSameBytes(as: header.createdAt) else { continue }
        return .foreign("'\(copy.object.name)' in \(store.address) is another dump than '\(entry.name)' of this volume")
      }
    }
    return nil
  }
}
