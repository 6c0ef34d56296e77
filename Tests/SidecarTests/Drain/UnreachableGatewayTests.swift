import Foundation
import HTTPClient
import JSON
import Logging
import TestSupport
import Testing
import Threads

@testable import Sidecar

@Suite("A drain of a gateway that can't be reached")
struct UnreachableGatewayTests {
  /// Drains on an empty volume, with nothing but a port where the gateway should be.
  private func drain(_ port: Int, deadline seconds: Int) async throws -> (outcome: String?, sentence: String) {
    try await withTemporaryDirectory { (root: URL) async throws in
      let configuration = try SidecarConfiguration.load(
        [
          "SIDECAR_URL": "http://127.0.0.1:\(port)", "SIDECAR_USERNAME": "a", "SIDECAR_PASSWORD": "a password",
          "MEM_ENCRYPTION_KEY": "a key of the tests, long enough", "MEM_DUMP_PATH": "d.bin",
          "DRAIN_DEADLINE": "\(seconds)",
        ], logsIn: true, readFile: { _ in "" })
      let volume = try DumpVolume(configuration.dumps, workingDirectory: root.path(), cache: .guest)
      let http = try HTTPClient(.init(userAgent: "test", connectTimeout: .milliseconds(200)))
      let client = GatewayClient(
        http, url: configuration.url, account: try #require(configuration.account), verifiesCertificate: true)
      let drain = Drain(
        configuration, volume: volume, worker: Worker(), copy: nil,
        logger: Logger(label: "drain") { _ in SwiftLogNoOpLogHandler() }, cause: "test", sighting: .unwatched)
      _ = drain.run(client)
      let receipt = try #require(try ReceiptFiles(directory: try volume.directory).newest().found?.receipt)
      return (receipt["outcome"]?.string, try #require(receipt["sentence"]?.string))
    }
  }

  @Test("takes a gateway that does not listen for gone, and not one whose queue of connections is full")
  func fullQueue() async throws {
    let full = try FullPort()
    let slow = try await drain(full.port, deadline: 3)
    #expect(slow.outcome == "timed_out")
    #expect(slow.sentence.contains("127.0.0.1:\(full.port)"))
    let server = try LoopbackServer { _ in .close }
    server.stop()
    let gone = try await drain(server.port, deadline: 27)
    #expect(gone.outcome == "service_gone")
  }
}
