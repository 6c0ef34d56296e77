import Clocks
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
import Threads

@testable import Sidecar

/// Keeps the lines of a log.
private struct Lines: LogHandler {
  final class Store: Sendable {
    let lines = Mutex<[String]>([])
    var text: String { lines.withLock { $0.joined(separator: "\n") } }
  }

  let store: Store
  var metadata = Logger.Metadata()
  var logLevel = Logger.Level.trace

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let metadata = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    store.lines.withLock { $0.append("\(event.level) \(event.message) \(metadata.joined(separator: " "))") }
  }
}

/// Fails a few times before it makes a client.
private final class Scarce: Sendable {
  private struct NoMemory: Error, CustomStringConvertible {
    var description: String { "no memory for a client" }
  }

  private let left: Mutex<Int>

  init(failures: Int) { left = Mutex(failures) }

  func make() throws -> HTTPClient {
    let fails = left.withLock { left in
      left -= 1
      return left >= 0
    }
    if fails { throw NoMemory() }
    return try HTTPClient(.init(userAgent: "test"))
  }
}

@Suite("A thread that gets no HTTP client")
struct ClientMakerTests {
  private let metrics = SidecarMetrics()
  private let store = Lines.Store()
  private var logger: Logger { Logger(label: "test") { _ in Lines(store: store) } }

  private func expectSaid(_ purpose: String) {
    #expect(store.text.contains("error there is no HTTP client; one is made later"))
    #expect(store.text.contains("client.purpose=\(purpose)") && store.text.contains("error=no memory for a client"))
    #expect((metrics.snapshot.failures[.httpClient] ?? 0) == 2)
  }

  @Test("says so, counts it, and watches the ECS task when there is one at last")
  func taskWatch() throws {
    let server = try LoopbackServer { _ in .json(#"{"DesiredStatus":"STOPPED","KnownStatus":"RUNNING"}"#) }
    let watch = TaskWatch(
      .init(metadata: server.url, agent: nil, protectsTask: false), logger: logger, metrics: metrics)
    let scarce = Scarce(failures: 2)
    watch.start { try scarce.make() }
    #expect(watch.stopping.wait(until: Deadline(in: .seconds(20))))
    expectSaid("watching the ECS task")
  }

  @Test("says so, counts it, and copies to S3 when there is one at last")
  func offsiteWatch() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let server = try LoopbackServer { _ in .status(503) }
      let configuration = OffsiteConfiguration(
        bucket: "bucket", prefix: "", region: "eu-west-1", endpoint: server.url,
        credentials: .fixed(
          AWSCredentials(accessKey: "a", secretKey: Secret("b"), sessionToken: nil, expiresAt: nil)),
        interval: .seconds(5))
      var reader = EnvironmentReader(["MEM_ENCRYPTION_KEY": "a key of the tests", "MEM_DUMP_PATH": "d.bin"]) { _ in "" }
      let settings = try #require(DumpSettings(&reader, isProduction: false))
      let volume = try DumpVolume(settings, workingDirectory: root.path(), cache: .owner)
      let name = "d-20261123T201137Z.bin"
      try Data("DMP1 and more".utf8).write(to: root.appending(path: name))
      let listed = try #require(volume.dumps().first)
      var dump = listed
      dump.verification = .good(
        .init(
          header: DumpHeader(createdAt: ""), documents: 1,
          sha256: String(repeating: "0", count: 64), collections: []))
      let roles = RoleWatch(volume: volume, metrics: metrics, logger: logger)
      roles.note(.writer, since: SteadyClock.now())
      let gate = CopyGate(configuration, metrics: metrics, logger: logger)
      let watch = OffsiteWatch(configuration, retention: .standard, roles: roles, gate: gate, logger: logger)
      let scarce = Scarce(failures: 2)
      watch.start({ try scarce.make() }, volume: volume, metrics: metrics)
      watch.offer([dump])
      #expect(eventually { server.requests.isEmpty ? nil : true } == true)
      expectSaid("copying dumps to S3")
    }
  }
}
