import Foundation
import Glibc
import JSON
import Synchronization
import TestSupport
import Testing

/// The objects of a bucket, by path, with their sizes.
private final class Bucket: Sendable {
  private let sizes = Mutex<[String: Int]>([:])

  /// The parts of the first journal.
  var parts: Int { sizes.withLock { $0.keys.count { $0.contains(".journal-1-0.part-") } } }

  func answer(_ request: LoopbackServer.Request) -> LoopbackServer.Answer {
    switch request.method {
    case "PUT":
      sizes.withLock { $0[request.path] = request.body.count }
      return .status(200)
    case "HEAD":
      guard let size = sizes.withLock({ $0[request.path] }) else { return .status(404) }
      return .raw("HTTP/1.1 200 X\r\ncontent-length: \(size)\r\nconnection: close\r\n\r\n")
    default: return .status(200, body: "<ListBucketResult></ListBucketResult>")
    }
  }
}

@Suite("Copies of a journal that grows")
struct OffsiteIntervalTests {
  @Test("get what was added when OFFSITE_INTERVAL is over, and not before", arguments: [1, 3600])
  func bound(seconds: Int) async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      let bucket = Bucket()
      let s3 = try LoopbackServer { bucket.answer($0) }
      defer { s3.stop() }
      let settings = [
        "OFFSITE_S3_BUCKET": "copies", "OFFSITE_S3_ENDPOINT": s3.url, "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "OFFSITE_INTERVAL": "\(seconds)",
      ]
      let isShort = seconds == 1
      try await withGatehouse(dumps: generated, SidecarProcess.account) { (gatehouse: GatehouseProcess) async throws in
        let token = try gatehouse.logIn()
        try gatehouse.expect("POST", "/platform/group", token, ["group_name": "before"], 201)
        let sidecar = try SidecarProcess.start(dumps: generated, port: gatehouse.port, settings)
        defer { if sidecar.isRunning { sidecar.signal(SIGKILL) } }
        // The pause begins with the first copy.
        #expect(eventually { bucket.parts > 0 ? true : nil } == true, "\(sidecar.log)")
        let before = bucket.parts
        try gatehouse.expect("POST", "/platform/group", token, ["group_name": "in-the-pause"], 201)
        // The standard interval would be over in the longer wait.
        let isCopied = await eventuallyTrue(within: .seconds(isShort ? 60 : 8)) { bucket.parts > before }
        #expect(isCopied == isShort, "\(sidecar.log)")
        #expect(!sidecar.log.contains("journals can't be copied to S3"), "\(sidecar.log)")
      }
    }
  }
}
