import Clocks
import DumpDirectory
import DumpFormat
import DumpReports
import HTTPClient
import JSON
import Logging
import Retention

/// The copies in S3: puts, lists, fetches, and keeps by the same rules as on the volume. Not for several threads at once.
final class OffsiteShelf {
  /// A copy with what its metadata say.
  struct Copy: Sendable {
    let object: S3Object
    /// Its path is the key.
    let entry: DumpEntry
    /// `nil` when it is not ours.
    let documents: Int?

    init(_ object: S3Object, _ metadata: [String: String]) {
      self.object = object
      let field = { (name: String) in metadata[Self.key(of: name)] }
      documents = field("documents").flatMap { Int($0) }
      entry = DumpEntry(
        name: object.name, path: object.key, bytes: object.bytes,
        header: DumpHeader(reading: { name in field(name).map { .string($0) } }))
    }

    /// The metadata of a copy: the members of reports that are numbers or texts.
    static func metadata(of good: Verification.Good) -> [(String, String)] {
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

    var judged: JudgedDump {
      JudgedDump(
        name: object.key, createdAt: CivilTime.unixSeconds(of: entry.createdAt) ?? 0, bytes: object.bytes,
        verdict: documents.map { .good(documents: $0) } ?? .unverified)
    }
  }

  let client: S3Client
  private let prefix: String
  private let retention: RetentionPolicy
  private let logger: Logger
  /// What was asked once need not be asked again: an object does not change.
  private var heads: [S3Object: S3Client.Head] = [:]

  init(_ configuration: OffsiteConfiguration, retention: RetentionPolicy, http: HTTPClient, logger: Logger) {
    client = S3Client(configuration, http: http)
    prefix = configuration.prefix
    self.retention = retention
    self.logger = logger
  }

  /// The objects that are named as dumps, directly behind the prefix. Everything else there is somebody else's.
  func objects(_ deadline: Deadline) throws(OffsiteError) -> [S3Object] {
    try client.list(deadline).filter { DumpName($0.name) != nil && $0.key.hasSameBytes(as: prefix + $0.name) }
  }

  /// The copies of a location's dumps, newest first. Another deployment may keep its own behind the same prefix.
  func copies(of location: DumpLocation, _ deadline: Deadline) throws(OffsiteError) -> [Copy] {
    let objects = try objects(deadline).filter { location.owns($0.name) }
    heads = heads.filter { objects.contains($0.key) }
    var copies: [Copy] = []
    for object in objects { copies.append(try copy(object, deadline)) }
    let byKey = Dictionary(copies.map { ($0.object.key, $0) }) { first, _ in first }
    return DumpSequence.newestFirst(copies.map(\.entry)).compactMap { byKey[$0.path] }
  }

  private func copy(_ object: S3Object, _ deadline: Deadline) throws(OffsiteError) -> Copy {
    if let known = heads[object] { return Copy(object, known.metadata) }
    let head = try client.head(object.key, deadline)
    heads[object] = head
    return Copy(object, head.metadata)
  }

  func put(_ dump: KnownDump, _ good: Verification.Good, _ source: any DumpSource, _ deadline: Deadline)
    throws(OffsiteError)
  {
    let body = DumpBody(source)
    do throws(OffsiteError) {
      try client.put(
        prefix + dump.name, body, sha256: good.sha256, metadata: Copy.metadata(of: good), deadline)
    } catch {
      guard let trouble = body.trouble.present else { throw error }
      throw OffsiteError(.failed, "'\(dump.name)' can't be read: \(trouble)")
    }
  }

  /// Deletes the copies of a location's dumps that no rule keeps.
  ///
  /// - Returns: how many.
  func prune(_ location: DumpLocation, _ clock: ClockReading, _ deadline: Deadline) throws(OffsiteError) -> Int {
    let copies = try copies(of: location, deadline)
    let plan = RetentionPlan(dumps: copies.map(\.judged), policy: retention, clock: clock)
    for key in plan.removals.reversed() {
      try client.delete(key, deadline)
      logger.info("copy in S3 pruned", metadata: ["offsite.key": "\(key)"])
    }
    return plan.removals.count
  }

  /// How long a transfer may take: nobody waits for ever, and a slow line gets its time.
  static func deadline(bytes: Int) -> Deadline { Deadline(in: .seconds(60 + bytes / (256 << 10))) }
}

/// A dump's file as a request's body.
private struct DumpBody: HTTPBodySource {
  /// Why it can't be read.
  let trouble = Trouble()
  private let source: any DumpSource

  init(_ source: any DumpSource) {
    self.source = source
  }

  var size: Int { source.size }

  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) -> Int? {
    do {
      return try source.read(at: offset, into: buffer)
    } catch {
      trouble.note("\(error)")
      return nil
    }
  }
}
