import Clocks
import DumpDirectory
import DumpFormat
import DumpReports
import HTTPClient
import JSON
import Logging
import Retention

/// The copies in S3: puts, lists and prunes them by the same rules as on the volume. Not for several threads at once.
final class OffsiteStore {
  /// A copy with its metadata.
  struct Copy: Sendable {
    let object: S3Object
    /// The copy as a dump, whose path is the key.
    let entry: DumpEntry
    /// The number of documents, or `nil` when the object is not ours.
    let documents: Int?

    init(_ object: S3Object, _ metadata: [UTF8Key: String]) {
      self.object = object
      let field = { (name: String) in metadata[UTF8Key(Self.key(of: name))] }
      documents = field("documents").flatMap { Int($0) }
      entry = DumpEntry(
        name: object.name, path: object.key, bytes: object.bytes,
        header: DumpHeader(reading: { name in field(name).map { .string($0) } }))
    }

    /// The metadata of a copy: the members of reports that are numbers or texts.
    static func metadata(of good: GoodDump) -> [(String, String)] {
      good.fields.compactMap { name, value in
        (value.string ?? value.number?.literal).map { (key(of: name), $0) }
      }
    }

    /// The name that a member of reports has in metadata, as `gatehouse-created-at`.
    private static func key(of field: String) -> String {
      "gatehouse-"
        + String(
          decoding: field.utf8.map { $0 == UInt8(ascii: "_") ? UInt8(ascii: "-") : $0 },
          as: UTF8.self)
    }

    /// The copy as the retention rules see it.
    ///
    /// - Parameter journals: the copies of journals, the oldest first. Their headers are not read. The first one that
    ///   is not older counts as the one that goes on from the dump, and needs the dump when it is of another epoch.
    func judged(with journals: [JournalCopy]) -> JudgedDump {
      let number = entry.order.map { JournalNumber($0) }
      let next = number.flatMap { number in journals.first { $0.name.number >= number } }?.name.number
      return JudgedDump(
        name: object.key, createdAt: CivilTime.unixSeconds(of: entry.createdAt) ?? 0, bytes: object.bytes,
        verdict: documents.map { .good(documents: $0) } ?? .unverified, number: number.map { HistoryNumber($0) },
        continuation: next.map { .init(journal: HistoryNumber($0), isSole: $0.epoch != number?.epoch) })
    }
  }

  let client: S3Client
  /// The place of the copies as the log names it.
  let address: String
  /// The place as the verification cache notes it.
  let place: UTF8Key
  /// The beginning of each key.
  let prefix: String
  private let retention: RetentionPolicy
  private let logger: Logger
  /// The metadata of known objects. An object does not change, so its metadata is requested once.
  private var heads: [S3Object: S3Client.Head] = [:]

  init(_ configuration: OffsiteConfiguration, retention: RetentionPolicy, http: HTTPClient, logger: Logger) {
    client = S3Client(configuration, http: http)
    (address, place) = (configuration.address, configuration.place)
    prefix = configuration.prefix
    self.retention = retention
    self.logger = logger
  }

  /// The objects directly behind the prefix.
  private func list(_ deadline: Deadline) throws(OffsiteError) -> [S3Object] {
    try client.list(deadline).filter { $0.key.hasSameBytes(as: prefix + $0.name) }
  }

  /// The objects that are named as dumps. All other objects there are not ours, except journals.
  func objects(_ deadline: Deadline) throws(OffsiteError) -> [S3Object] {
    try list(deadline).filter { DumpName($0.name) != nil }
  }

  /// The copies of a location's dumps and journals. Another deployment may have copies behind the same prefix.
  func inventory(of location: DumpLocation, _ deadline: Deadline) throws(OffsiteError) -> CopyInventory {
    let objects = try list(deadline)
    let named = objects.filter { location.owns($0.name) }
    heads = heads.filter { named.contains($0.key) }
    var copies: [Copy] = []
    for object in named {
      if let copy = try copy(object, deadline) { copies.append(copy) }
    }
    let byKey = Dictionary(copies.map { (UTF8Key($0.object.key), $0) }) { first, _ in first }
    return CopyInventory(
      dumps: DumpSequence.newestFirst(copies.map(\.entry)).compactMap { byKey[UTF8Key($0.path)] },
      journals: JournalCopy.all(in: objects, of: location),
      claim: objects.first { $0.name.hasSameBytes(as: Self.claimName(of: location)) })
  }

  /// - Returns: `nil` when the object was deleted meanwhile.
  private func copy(_ object: S3Object, _ deadline: Deadline) throws(OffsiteError) -> Copy? {
    if let known = heads[object] { return Copy(object, known.metadata) }
    let head: S3Client.Head
    do throws(OffsiteError) {
      head = try client.head(object.key, deadline)
    } catch {
      guard error.code == .notFound else { throw error }
      return nil
    }
    heads[object] = head
    return Copy(object, head.metadata)
  }

  /// Copies a dump, unless the sidecar of another task has done so.
  func put(_ dump: KnownDump, _ good: GoodDump, _ source: any DumpSource, _ deadline: Deadline) throws(OffsiteError) {
    if try client.has(prefix + dump.name, bytes: source.size, sha256: good.sha256, deadline) { return }
    let body = DumpBody(source)
    do throws(OffsiteError) {
      try client.put(
        prefix + dump.name, body, sha256: good.sha256, metadata: Copy.metadata(of: good), deadline)
    } catch {
      guard let fault = body.fault.present else { throw error }
      throw OffsiteError(.unreadable, "'\(dump.name)' can't be read: \(fault)")
    }
  }

  /// Deletes the copies of a location's dumps and journals that no rule keeps.
  ///
  /// - Parameters:
  ///   - highest: the highest number of a copy of this volume, or `nil` when none has a number.
  ///   - mayDelete: asked before each one, as another task can become the writer meanwhile.
  /// - Returns: the number of deleted dumps and journals.
  /// - Throws: `OffsiteError` `otherHistory` when a copy has a higher number. It would displace those of this volume.
  func prune(
    _ location: DumpLocation, upTo highest: JournalNumber?, _ clock: ClockReading, _ deadline: Deadline,
    mayDelete: () -> Bool
  ) throws(OffsiteError) -> Int {
    var count = 0
    let inventory = try inventory(of: location, deadline)
    if let top = inventory.top, highest.map({ top.number <= $0 }) != true {
      throw OffsiteError(.otherHistory, "'\(top.name)' in \(address) is newer than every copy of this volume")
    }
    let (copies, journals) = (inventory.dumps, inventory.journals)
    let plan = RetentionPlan(
      dumps: copies.map { $0.judged(with: journals) }, journals: journals.map(\.judged), policy: retention, clock: clock
    )
    for key in plan.removals.reversed() {
      guard mayDelete() else { return count }
      try client.delete(key, deadline)
      count += 1
      logger.info("copy in S3 pruned", metadata: ["offsite.key": "\(key)"])
    }
    for (journal, decision) in zip(journals, plan.journalDecisions) where !decision.isKept {
      guard mayDelete() else { return count }
      count += 1
      for object in journal.objects { try client.delete(object.key, deadline) }
      logger.info("copy in S3 pruned", metadata: ["offsite.key": "\(prefix)\(journal.name.file)"])
    }
    return count
  }

  /// The copies of a location's journals, the oldest first.
  func journals(of location: DumpLocation, _ deadline: Deadline) throws(OffsiteError) -> [JournalCopy] {
    JournalCopy.all(in: try list(deadline), of: location)
  }

  /// The beginning of a journal's copy, or `nil` when the copy does not begin as a journal.
  func beginning(of journal: JournalCopy, _ deadline: Deadline) throws(OffsiteError) -> JournalBeginning? {
    guard let object = journal.first, object.bytes >= JournalBeginning.size else { return nil }
    return JournalBeginning(try client.get(object.key, first: JournalBeginning.size, deadline))
  }

  /// Compares the copy of a journal with the journal of the volume that has its name.
  ///
  /// - Returns: `nil` when there is nothing to compare: the copy is gone meanwhile, or a rule of the bucket has
  ///   archived it, or it has lost its first part.
  func relation(
    of copy: JournalCopy, to journal: JournalBeginning, _ keyring: DumpKeyring, _ deadline: Deadline
  ) throws(OffsiteError) -> JournalRelation? {
    guard copy.first != nil else { return nil }
    do throws(OffsiteError) {
      return JournalRelation(of: try beginning(of: copy, deadline), to: journal, keyring)
    } catch {
      guard error.code == .notFound || error.code == .refused else { throw error }
      return nil
    }
  }

  /// Stores a journal or a part of one.
  func put(
    _ name: String, _ body: any HTTPBodySource, sha256: String, _ deadline: Deadline
  ) throws(OffsiteError) {
    try client.put(prefix + name, body, sha256: sha256, metadata: [], deadline)
  }

  /// Stores a journal, unless the bucket has the same: the note of that may be lost, or another task has copied it.
  ///
  /// - Returns: whether it was stored now.
  func putUnlessThere(
    _ name: String, _ body: any HTTPBodySource, sha256: String, _ deadline: Deadline
  ) throws(OffsiteError) -> Bool {
    if try client.has(prefix + name, bytes: body.size, sha256: sha256, deadline) { return false }
    try put(name, body, sha256: sha256, deadline)
    return true
  }

  /// Deletes the parts of a journal.
  func deleteParts(of journal: String, _ deadline: Deadline) throws(OffsiteError) {
    for object in try client.list(below: prefix + JournalCopy.partPrefix(of: journal), deadline) {
      try client.delete(object.key, deadline)
    }
  }

  /// How long a transfer may take: a minute, and a second for each 256 KiB.
  static func deadline(bytes: Int) -> Deadline { Deadline(in: .seconds(60 + bytes / (256 << 10))) }
}

/// The file of a dump as the body of a request.
private struct DumpBody: HTTPBodySource {
  /// Why the file can't be read.
  let fault = OngoingFault()
  private let source: any DumpSource

  init(_ source: any DumpSource) {
    self.source = source
  }

  var size: Int { source.size }

  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) -> Int? {
    do {
      return try source.read(at: offset, into: buffer)
    } catch {
      fault.note("\(error)")
      return nil
    }
  }
}
