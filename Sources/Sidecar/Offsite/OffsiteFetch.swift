import Clocks
import DumpDirectory
import DumpFormat
import DumpReports
import HTTPClient
import JSON

/// Fetches copies back to the volume. A file gets its name there only when every byte of it verifies.
struct OffsiteFetch {
  let store: OffsiteStore
  let volume: DumpVolume

  /// A dump that was fetched.
  struct Dump {
    let path: String
    let good: GoodDump
  }

  /// A journal that was fetched.
  struct Journal {
    let path: String
    let good: GoodJournal
  }

  /// Fetches what a start needs for the newest state: the newest dump, and the journals behind it.
  ///
  /// - Returns: `nil` for the dump when there are only journals, which then begin with a state without documents.
  /// - Throws: `OffsiteError` `otherHistory` when the newest journal does not go on from the newest dump.
  func newest() throws -> (dump: Dump?, journals: [Journal]) {
    let deadline = Deadline(in: .seconds(120))
    let location = try volume.directory.location
    let inventory = try store.inventory(of: location, deadline)
    let copy = inventory.dumps.first { $0.documents != nil }
    var journals = inventory.journals
    guard copy != nil || !journals.isEmpty else {
      throw OffsiteError(.notFound, "there is no copy of a dump of '\(location.stem)' in S3")
    }
    guard let copy else {
      try check(journals, behind: .empty)
      return (nil, try journals.map(fetch))
    }
    let dump = try get(copy.object)
    let good = GoodDump(try dump.contents().inspect(volume.keyring))
    if let order = good.order { journals.removeAll { $0.name.number < JournalNumber(order) } }
    let identity = try volume.directory.identity(of: dump.path, volume.keyring)
    try check(journals, behind: JournalBase(identity: identity, order: good.order))
    // Without its dump a start refuses journals. A dump without its journals would be an older state.
    let fetched = try journals.map(fetch)
    return (Dump(path: try dump.publishUnlessThere(), good: good), fetched)
  }

  /// Fetches one dump, of any stem.
  func dump(_ name: String) throws -> Dump {
    let objects = try store.objects(Deadline(in: .seconds(120)))
    guard let object = objects.first(where: { $0.name.hasSameBytes(as: name) }) else {
      throw OffsiteError(
        .notFound, "there is no copy '\(name)' in S3; there are: \(objects.map(\.name).joined(separator: ", "))")
    }
    let copy = try get(object)
    let good = GoodDump(try copy.contents().inspect(volume.keyring))
    return Dump(path: try copy.publishUnlessThere(), good: good)
  }

  private func get(_ object: S3Object) throws -> PendingCopy {
    try volume.directory.prepare()
    let copy = try volume.directory.beginCopy(object.name)
    let sink = FileSink(copy.file)
    do {
      try store.client.get(object.key, into: sink, OffsiteStore.deadline(bytes: object.bytes))
    } catch {
      // A fault of the volume is the cause.
      throw sink.failure ?? error
    }
    return copy
  }

  /// Checks that the journals go on from a state. One that does not would keep a start from restoring any.
  private func check(_ journals: [JournalCopy], behind base: JournalBase) throws {
    var headers: [JournalHeader] = []
    for journal in journals {
      // The fetch of a journal without a header says why it has none.
      let beginning = try store.beginning(of: journal, OffsiteStore.deadline(bytes: JournalBeginning.size))
      guard let header = beginning?.header(volume.keyring),
        header.number == journal.name.number
      else { return }
      headers.append(header)
    }
    guard case .gap(let newest, let missing, _) = JournalChain.from(base, through: headers) else { return }
    let state = base == .empty ? "an empty state" : "the newest dump"
    throw OffsiteError(
      .otherHistory,
      "journal \(newest) in \(store.address) does not go on from \(state), as \(missing) is missing: it is of another history, or what is missing was never copied; move it to another prefix and fetch again, or fetch one dump by its name"
    )
  }

  /// Puts a journal together from its object, or from its parts.
  private func fetch(_ journal: JournalCopy) throws -> Journal {
    try volume.directory.prepare()
    let copy = try volume.directory.beginCopy(journal.name.file)
    if journal.whole == nil, let gap = journal.gap {
      throw OffsiteError(
        .mismatch, "the copy of '\(journal.name.file)' has no bytes \(gap.lowerBound) to \(gap.upperBound) in S3")
    }
    let sink = FileSink(copy.file)
    let objects = journal.whole.map { [($0, 0)] } ?? journal.useful.map { ($0.part.object, $0.skip) }
    for (object, skip) in objects {
      sink.skip = skip
      do {
        try store.client.get(object.key, into: sink, OffsiteStore.deadline(bytes: object.bytes))
      } catch {
        throw sink.failure ?? error
      }
    }
    let entry = JournalEntry(name: journal.name.file, path: copy.path, number: journal.name.number)
    switch try volume.directory.verification(of: entry, volume.keyring) {
    case (.good(let good)?, _): return Journal(path: try copy.publishUnlessThere(), good: good)
    case (let found, let trouble):
      throw OffsiteError(
        .mismatch, "the copy of '\(entry.name)' does not verify: \(found?.fault ?? trouble ?? "it can't be read")")
    }
  }
}

private final class FileSink: HTTPBodySink {
  private(set) var file: DumpFile
  private(set) var failure: (any Error)?
  /// Bytes to leave out.
  var skip = 0

  init(_ file: DumpFile) {
    self.file = file
  }

  func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let left = min(skip, bytes.count)
    skip -= left
    guard left < bytes.count else { return true }
    do {
      try file.write(UnsafeRawBufferPointer(rebasing: bytes[left...]))
      return true
    } catch {
      failure = error
      return false
    }
  }
}
