import Clocks
import DumpDirectory
import DumpFormat
import DumpReports
import Foundation
import HTTPClient
import Logging
import Retention
import Settings
import Synchronization
import TestSupport
import Testing

@testable import Sidecar

/// A bucket in memory that stores, lists, answers ranges and deletes, as S3 does. It knows the condition that an object
/// is new.
final class FakeBucket: Sendable {
  struct Object: Sendable, Equatable {
    var body: [UInt8]
    var headers: [String: String]
  }

  /// The reads of objects that get their bytes.
  enum Reads: Sendable {
    case all
    /// The first of two is refused, as with credentials that have expired.
    case everySecond
    /// None does, as of objects that are archived.
    case nothing
  }

  private let stored = Mutex<[String: Object]>([:])
  private let stores = Mutex<[String]>([])
  private let failsPuts = Mutex(false)
  /// The answer to conditional requests of a server that does not know them.
  private let refusedConditions = Mutex<Int?>(nil)
  private let reads = Mutex<(mode: Reads, counts: [String: Int])>((.all, [:]))
  static let prefix = "p/"
  /// The text of a refusal.
  static let refusal = "<Error><Code>InvalidObjectState</Code><Message>not now</Message></Error>"

  /// The objects by the names behind the prefix.
  var objects: [String: Object] { stored.withLock { $0 } }
  var names: [String] { objects.keys.sorted() }

  func removeAll() { stored.withLock { $0 = [:] } }

  func remove(_ name: String) { stored.withLock { $0[name] = nil } }

  /// The names of the objects that were stored, in order.
  var puts: [String] { stores.withLock { $0 } }

  /// Stores nothing from now on, or again.
  func failPuts(_ fails: Bool) { failsPuts.withLock { $0 = fails } }

  /// Refuses conditional requests from now on, as some servers do.
  func refuseConditions(with status: Int) { refusedConditions.withLock { $0 = status } }

  func allow(_ mode: Reads) { reads.withLock { $0 = (mode, [:]) } }

  private func refuses(_ name: String) -> Bool {
    reads.withLock { reads in
      reads.counts[name, default: 0] += 1
      return switch reads.mode {
      case .all: false
      case .everySecond: reads.counts[name, default: 0] % 2 == 1
      case .nothing: true
      }
    }
  }

  func answer(_ request: LoopbackServer.Request) -> LoopbackServer.Answer {
    let name = String(request.path.dropFirst("/copies/\(Self.prefix)".count))
    guard !name.isEmpty else { return list(request) }
    switch request.method {
    case "PUT":
      let headers = request.headers.filter {
        $0.key.hasPrefix("x-amz-meta-") || $0.key == "x-amz-checksum-sha256"
      }
      let isConditional = request.headers["if-none-match"] == "*"
      guard !failsPuts.withLock({ $0 }) else { return .status(500) }
      if isConditional, let status = refusedConditions.withLock({ $0 }) { return .status(status) }
      let isTaken = stored.withLock { stored in
        guard !isConditional || stored[name] == nil else { return true }
        stored[name] = Object(body: Array(request.body), headers: headers)
        return false
      }
      if !isTaken { stores.withLock { $0.append(name) } }
      return .status(isTaken ? 412 : 200)
    case "DELETE":
      stored.withLock { $0[name] = nil }
      return .status(204)
    default: break
    }
    guard let object = objects[name] else { return .status(404) }
    if request.method == "HEAD" {
      let lines = object.headers.map { "\($0.key): \($0.value)\r\n" }.joined()
      return .raw("HTTP/1.1 200 X\r\ncontent-length: \(object.body.count)\r\n\(lines)connection: close\r\n\r\n")
    }
    guard !refuses(name) else { return .status(403, body: Self.refusal) }
    guard let range = request.headers["range"] else { return .bytes(200, object.body) }
    guard let last = range.wholeMatch(of: /bytes=0-([0-9]+)/).flatMap({ Int($0.output.1) }) else { return .status(416) }
    return .bytes(206, Array(object.body.prefix(last + 1)))
  }

  private func list(_ request: LoopbackServer.Request) -> LoopbackServer.Answer {
    let asked = request.target.firstMatch(of: /[?&]prefix=([^&]*)/).flatMap { String($0.output.1) }
    let prefix = asked?.removingPercentEncoding ?? ""
    let items = objects.filter { (Self.prefix + $0.key).hasPrefix(prefix) }.map { name, object in
      "<Contents><Key>\(Self.prefix)\(name)</Key><Size>\(object.body.count)</Size></Contents>"
    }
    return .status(200, body: "<ListBucketResult>\(items.joined())</ListBucketResult>")
  }
}

/// A fake bucket, and the sidecars of some volumes that copy to it.
struct CopyFixture {
  let bucket: FakeBucket
  let server: LoopbackServer
  static let logger = Logger(label: "t") { _ in SwiftLogNoOpLogHandler() }

  init() throws {
    let bucket = FakeBucket()
    self.bucket = bucket
    server = try LoopbackServer { bucket.answer($0) }
  }

  func configuration(prefix: String = FakeBucket.prefix) -> OffsiteConfiguration {
    OffsiteConfiguration(
      bucket: "copies", prefix: prefix, region: "eu-west-1", endpoint: server.url,
      credentials: .fixed(AWSCredentials(accessKey: "a", secretKey: Secret("b"), sessionToken: nil, expiresAt: nil)),
      interval: .seconds(5))
  }

  /// The store of a sidecar process that begins now.
  func store() throws -> OffsiteStore {
    OffsiteStore(
      configuration(), retention: RetentionPolicy(last: 1), http: try HTTPClient(.init(userAgent: "test")),
      logger: Self.logger)
  }

  func copier(_ fixture: JournalFixture, pace: CopyPace = CopyPace()) throws -> JournalCopier {
    JournalCopier(try store(), volume: fixture.volume, mayCopy: { true }, logger: Self.logger, pace: pace)
  }

  /// Copies all journals, and the newest verified dump, as the sidecar of a volume does.
  func copyAll(_ fixture: JournalFixture) throws {
    #expect(try copier(fixture).run(until: .never))
    try copyDump(fixture)
  }

  /// Copies the newest verified dump, if there is one.
  func copyDump(_ fixture: JournalFixture) throws {
    let store = try store()
    guard let dump = try fixture.verified().dumps.first(where: \.isGood) else { return }
    let good = try #require(dump.verification?.good)
    if let order = good.order { fixture.volume.noteCopy(of: JournalNumber(order), at: store.place) }
    try store.put(
      dump, good, fixture.directory.source(of: dump.entry.path), OffsiteStore.deadline(bytes: dump.entry.bytes))
    fixture.volume.markCopied(dump.name, at: store.place)
  }

  /// Copies the newest dump, as a drain does.
  func drain(_ fixture: JournalFixture, gate: CopyGate?) throws -> DrainReceipt.Copy {
    let configuration = try SidecarConfiguration.load(
      [
        "MEM_ENCRYPTION_KEY": JournalFixture.key, "OFFSITE_S3_BUCKET": "copies",
        "OFFSITE_S3_PREFIX": FakeBucket.prefix, "OFFSITE_S3_ENDPOINT": server.url, "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
      ], logsIn: false
    ) { _ in "" }
    let copy = try #require(
      DrainCopy(configuration, .init(userAgent: "test"), volume: fixture.volume, gate: gate, logger: Self.logger))
    return copy.run(try fixture.verified().dumps.first, until: Deadline(in: .seconds(60)))
  }

  func look(_ fixture: JournalFixture) throws -> CopyLineage.Finding {
    try CopyLineage(store: store(), volume: fixture.volume).look(OffsiteStore.deadline(bytes: 0))
  }
}

/// Calls `body` with a fake bucket and a directory in which volumes are made.
func withCopies(_ body: (CopyFixture, URL) async throws -> Void) async throws {
  let copies = try CopyFixture()
  defer { copies.server.stop() }
  try await withTemporaryDirectory { (root: URL) async throws in try await body(copies, root) }
}

extension JournalFixture {
  /// A volume of its own below a directory.
  init(volume name: String, below root: URL) throws {
    let directory = root.appending(path: name)
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    try self.init(in: directory)
  }

  /// Writes the lease of the gateway that writes to the volume.
  func lease(epoch: Int) throws {
    let text =
      #"{"holder":"a","host":"h","process":1,"boot_id":"b","epoch":\#(epoch),"renewal":1,"released":false}"#
    try Data(text.utf8).write(to: URL(filePath: "\(directory.location.directory)/lease.json"))
  }
}
