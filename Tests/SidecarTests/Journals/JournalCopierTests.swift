import Clocks
import DumpFormat
import Foundation
import HTTPClient
import Logging
import Retention
import Settings
import Synchronization
import TestSupport
import Testing

@testable import Sidecar

/// A bucket that keeps the sizes and checksums of its objects, by path.
private final class Bucket: Sendable {
  private struct Object {
    let size: Int
    let checksum: String
  }

  private let objects = Mutex<[String: Object]>([:])
  private let puts = Mutex<[String]>([])

  func answer(_ request: LoopbackServer.Request) -> LoopbackServer.Answer {
    switch request.method {
    case "PUT":
      let object = Object(size: request.body.count, checksum: request.headers["x-amz-checksum-sha256"] ?? "")
      objects.withLock { $0[request.path] = object }
      puts.withLock { $0.append(request.path) }
      return .status(200)
    case "HEAD":
      guard let object = objects.withLock({ $0[request.path] }) else { return .status(404) }
      return .raw(
        "HTTP/1.1 200 X\r\ncontent-length: \(object.size)\r\nx-amz-checksum-sha256: \(object.checksum)\r\nconnection: close\r\n\r\n"
      )
    default: return .status(200, body: "<ListBucketResult></ListBucketResult>")
    }
  }

  /// How often an object was stored.
  func count(of name: String) -> Int { puts.withLock { puts in puts.count { $0 == "/copies/\(name)" } } }

  /// The number of parts that were stored of a journal.
  func parts(of name: String) -> Int { puts.withLock { puts in puts.count { $0.hasPrefix("/copies/\(name).part-") } } }

  /// Puts other content of the same size in the place of an object.
  func change(_ name: String) {
    objects.withLock { objects in
      guard let object = objects["/copies/\(name)"] else { return }
      objects["/copies/\(name)"] = Object(size: object.size, checksum: "other")
    }
  }
}

@Suite("Copies of whole journals")
struct JournalCopierTests {
  private static func configuration(_ url: String) -> OffsiteConfiguration {
    OffsiteConfiguration(
      bucket: "copies", prefix: "", region: "eu-west-1", endpoint: url,
      credentials: .fixed(AWSCredentials(accessKey: "a", secretKey: Secret("b"), sessionToken: nil, expiresAt: nil)),
      interval: .seconds(5))
  }

  /// The copier of a sidecar that has no notes of earlier copies.
  private func copier(_ root: URL, to url: String) throws -> JournalCopier {
    try copier(JournalFixture(in: root, cache: .reader).volume, to: url)
  }

  private func copier(_ volume: DumpVolume, to url: String) throws -> JournalCopier {
    let logger = Logger(label: "t") { _ in SwiftLogNoOpLogHandler() }
    let store = OffsiteStore(
      Self.configuration(url), retention: .standard, http: try HTTPClient(.init(userAgent: "test")), logger: logger)
    return JournalCopier(store, volume: volume, mayCopy: { true }, logger: logger)
  }

  /// Copies everything.
  private func copy(_ root: URL, to url: String) throws {
    #expect(try copier(root, to: url).run(until: .never))
  }

  /// Writes three journals, the last of which is still written.
  private func journals(in root: URL) throws -> JournalFixture {
    let fixture = try JournalFixture(in: root)
    var place = try fixture.journal(0, .empty, at: 0)
    place = try fixture.journal(1, place, at: 100)
    try fixture.journal(2, place, at: 200, closes: false)
    return fixture
  }

  @Test("are not stored again when the bucket has the same, although no note says so")
  func stored() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      _ = try journals(in: root)
      let bucket = Bucket()
      let server = try LoopbackServer { bucket.answer($0) }
      defer { server.stop() }
      let names = ["d.journal-1-0", "d.journal-1-1"]
      for _ in 0..<2 {
        try copy(root, to: server.url)
        #expect(names.map { bucket.count(of: $0) } == [1, 1])
      }
      // It is another object, although it has the name and the size.
      bucket.change(names[0])
      try copy(root, to: server.url)
      #expect(names.map { bucket.count(of: $0) } == [2, 1])
    }
  }

  @Test("are made of all others when one can't be read, be it the newest, in later rounds, too", arguments: [1, 2])
  func unreadable(number: Int) async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let file = URL(filePath: try journals(in: root).path(number))
      var bytes = try Data(contentsOf: file)
      // This is in the header, and commits follow.
      bytes[200] ^= 1
      try bytes.write(to: file)
      let bucket = Bucket()
      let server = try LoopbackServer { bucket.answer($0) }
      defer { server.stop() }
      let copier = try copier(root, to: server.url)
      #expect(try !copier.run(until: .never))
      #expect(copier.faults.failures == 1 && !copier.faults.isEmpty)
      let copied = (0...1).map { bucket.count(of: "d.journal-1-\($0)") }
      #expect(copied == (number == 1 ? [1, 0] : [1, 1]))
      try JournalFixture(in: root).journal(3, .empty, at: 300, closes: false)
      #expect(try !copier.run(until: .never))
      #expect(bucket.count(of: "d.journal-1-2") == (number == 2 ? 0 : 1))
      #expect(bucket.parts(of: "d.journal-1-3") == 1)
      // It is gone.
      try FileManager.default.removeItem(at: file)
      #expect(try copier.run(until: .never))
      #expect(copier.faults.isEmpty)
    }
  }

  @Test("are written down once for a round, and looked for again after a crash in between")
  func notes() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let fixture = try journals(in: root)
      let bucket = Bucket()
      let server = try LoopbackServer { bucket.answer($0) }
      defer { server.stop() }
      let notes = root.appending(path: ".gatehouse-sidecar-d.json").path()
      #expect(try copier(fixture.volume, to: server.url).run(until: .never))
      #expect(!FileManager.default.fileExists(atPath: notes))
      let names = ["d.journal-1-0", "d.journal-1-1"]
      let place = Self.configuration(server.url).place
      #expect(names.allSatisfy { fixture.volume.isCopied($0, to: place) })
      // A crash here loses the notes.
      let next = try JournalFixture(in: root).volume
      #expect(!names.contains { next.isCopied($0, to: place) })
      #expect(try copier(next, to: server.url).run(until: .never))
      #expect(names.map { bucket.count(of: $0) } == [1, 1])
      next.saveCache()
      let third = try JournalFixture(in: root).volume
      #expect(names.allSatisfy { third.isCopied($0, to: place) })
    }
  }

  @Test("are left to the next round when S3 fails")
  func refused() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      _ = try journals(in: root)
      let bucket = Bucket()
      let server = try LoopbackServer { $0.method == "PUT" ? .status(500) : bucket.answer($0) }
      defer { server.stop() }
      let copier = try copier(root, to: server.url)
      #expect(throws: OffsiteError.self) { try copier.run(until: .never) }
      #expect(server.requests.count { $0.method == "PUT" } == 1)
    }
  }
}
