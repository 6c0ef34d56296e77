import Foundation
import Glibc
import JSON
import Synchronization
import TestSupport
import Testing

/// The objects of a bucket, by path, with their sizes and metadata. It lists none.
private final class Bucket: Sendable {
  private let objects = Mutex<[String: (size: Int, metadata: [String: String])]>([:])

  /// The number of parts of a journal of the first task.
  func parts(of journal: Int = 0) -> Int {
    objects.withLock { $0.keys.count { $0.contains(".journal-1-\(journal).part-") } }
  }

  func answer(_ request: LoopbackServer.Request) -> LoopbackServer.Answer {
    switch request.method {
    case "PUT":
      let metadata = request.headers.filter { $0.key.hasPrefix("x-amz-meta-") }
      objects.withLock { $0[request.path] = (request.body.count, metadata) }
      return .status(200)
    case "HEAD":
      guard let (size, metadata) = objects.withLock({ $0[request.path] }) else { return .status(404) }
      let lines = metadata.map { "\($0.key): \($0.value)\r\n" }.joined()
      return .raw("HTTP/1.1 200 X\r\ncontent-length: \(size)\r\n\(lines)connection: close\r\n\r\n")
    default: return .status(200, body: "<ListBucketResult></ListBucketResult>")
    }
  }
}

@Suite("Copies of a journal that grows")
struct OffsiteIntervalTests {
  /// Gives a test a dump directory, a bucket, and the settings of a sidecar that copies there.
  private func withBucket(
    every seconds: Int, _ body: (_ generated: URL, _ bucket: Bucket, _ settings: [String: String]) async throws -> Void
  ) async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let bucket = Bucket()
      let s3 = try LoopbackServer { bucket.answer($0) }
      defer { s3.stop() }
      try await body(
        root.appending(path: "generated"), bucket,
        [
          "OFFSITE_S3_BUCKET": "copies", "OFFSITE_S3_ENDPOINT": s3.url, "AWS_REGION": "us-east-1",
          "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "OFFSITE_INTERVAL": "\(seconds)",
        ])
    }
  }

  @Test("get what was added when OFFSITE_INTERVAL is over, and not before", arguments: [1, 3600])
  func bound(seconds: Int) async throws {
    try await withBucket(every: seconds) { generated, bucket, settings in
      let isShort = seconds == 1
      try await withGatehouse(dumps: generated, SidecarProcess.account) { (gatehouse: GatehouseProcess) async throws in
        let token = try gatehouse.logIn()
        try gatehouse.expect("POST", "/platform/group", token, ["group_name": "before"], 201)
        let sidecar = try SidecarProcess.start(dumps: generated, port: gatehouse.port, settings)
        defer { if sidecar.isRunning { sidecar.signal(SIGKILL) } }
        // The pause begins with the first copy.
        #expect(eventually { bucket.parts() > 0 ? true : nil } == true, "\(sidecar.log)")
        if isShort {
          try await expectSomeInTime(of: .seconds(seconds)) { number in
            let before = bucket.parts()
            try gatehouse.expect("POST", "/platform/group", token, ["group_name": .string("in-turn-\(number)")], 201)
            return { bucket.parts() > before }
          }
        } else {
          let before = bucket.parts()
          try gatehouse.expect("POST", "/platform/group", token, ["group_name": "in-the-pause"], 201)
          // The standard interval would be over in this time.
          let isCopied = await eventuallyTrue(within: .seconds(8)) { bucket.parts() > before }
          #expect(!isCopied, "\(sidecar.log)")
        }
        #expect(!sidecar.log.contains("journals can't be copied to S3"), "\(sidecar.log)")
      }
    }
  }

  @Test("are made at each OFFSITE_INTERVAL while another journal stays damaged")
  func besideDamagedJournal() async throws {
    try await withBucket(every: 1) { generated, bucket, settings in
      try await withGatehouse(dumps: generated, SidecarProcess.account) { (gatehouse: GatehouseProcess) async throws in
        let token = try gatehouse.logIn()
        try gatehouse.expect("POST", "/platform/group", token, ["group_name": "before"], 201)
        #expect(try gatehouse.send("POST", "/platform/memory/dump", token: token).status == 200)
        // The damaged journal would be pruned if a dump covered it.
        for name in dumpNames(generated) { try FileManager.default.removeItem(at: generated.appending(path: name)) }
        let journal = generated.appending(path: "memory_dump.journal-1-0")
        var bytes = try Data(contentsOf: journal)
        // This is in the header, and commits follow.
        bytes[200] ^= 1
        try bytes.write(to: journal)
        let sidecar = try SidecarProcess.start(dumps: generated, port: gatehouse.port, settings)
        defer { if sidecar.isRunning { sidecar.signal(SIGKILL) } }
        let start = ContinuousClock.now
        // With pauses that grow by failures, these changes would take minutes.
        for number in 0..<10 {
          let before = bucket.parts(of: 1)
          try gatehouse.expect("POST", "/platform/group", token, ["group_name": .string("g\(number)")], 201)
          #expect(eventually { bucket.parts(of: 1) > before ? true : nil } == true, "\(sidecar.log)")
        }
        #expect(ContinuousClock.now - start < .seconds(90))
        #expect(sidecar.log.contains("a journal can't be copied to S3"), "\(sidecar.log)")
        #expect(!sidecar.log.contains("journals can't be copied to S3"), "\(sidecar.log)")
      }
    }
  }
}
