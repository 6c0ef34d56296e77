import Foundation
import Glibc
import HTTPClient
import JSON
import Logging
import Settings
import TestSupport
import Testing
import Threads

@testable import Sidecar

@Suite("What can be used up")
struct ScarceResourceTests {
  /// Drains on an empty volume, with nothing but a port where the gateway should be.
  private func drain(_ port: Int, deadline seconds: Int) async throws -> (outcome: String?, sentence: String) {
    try await withTemporaryDirectory { (root: URL) async throws in
      let configuration = try SidecarConfiguration.load(
        [
          "SIDECAR_URL": "http://127.0.0.1:\(port)", "SIDECAR_USERNAME": "a", "SIDECAR_PASSWORD": "a password",
          "MEM_ENCRYPTION_KEY": "a key of the tests, long enough", "MEM_DUMP_PATH": "d.bin",
          "DRAIN_DEADLINE": "\(seconds)",
        ], logsIn: true, readFile: { _ in "" })
      let volume = try DumpVolume(configuration.dumps, workingDirectory: root.path(), notes: .guest)
      let http = try HTTPClient(.init(userAgent: "test", connectTimeout: .milliseconds(200)))
      let client = GatewayClient(http, url: configuration.url, account: try #require(configuration.account))
      let drain = Drain(
        configuration, volume: volume, worker: Worker(), copy: nil,
        logger: Logger(label: "drain") { _ in SwiftLogNoOpLogHandler() }, cause: "test", sighting: .unwatched)
      _ = drain.run(client)
      let receipt = try #require(try ReceiptShelf(directory: try volume.directory).newest().found?.receipt)
      return (receipt["outcome"]?.string, try #require(receipt["sentence"]?.string))
    }
  }

  @Test("a service whose queue of connections is full is not taken for gone, and one that does not listen is")
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

  @Test(
    "only what the network says of the other end shows that nobody is there",
    arguments: [
      (7, ECONNREFUSED, true), (7, EHOSTUNREACH, true), (6, 0, true), (7, EMFILE, false), (7, 0, false),
      (7, ENETUNREACH, false), (7, EADDRNOTAVAIL, false), (28, 0, false), (28, ETIMEDOUT, false),
    ])
  func nobodyThere(curlCode: Int, systemError: Int32, isNobodyThere: Bool) {
    let error = HTTPClientError(.cannotConnect, curlCode: curlCode, systemError: systemError, "x")
    #expect(error.isNobodyThere == isNobodyThere)
    #expect(ServiceError(error).code == (isNobodyThere ? .gone : .unreachable))
  }

  @Test("the process may have as many descriptors as its hard limit allows")
  func descriptorLimit() {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    ProcessEnvironment.raiseDescriptorLimit()
    #expect(ProcessEnvironment.descriptorLimit == Int(clamping: limit.rlim_max))
  }

  @Test("what is wrong for a while is said once when it begins, and once when it is over")
  func trouble() {
    let trouble = Trouble()
    #expect(trouble.news() == nil)
    trouble.note("full")
    #expect(trouble.news() == .began("full"))
    trouble.note("still full")
    #expect(trouble.news() == nil)
    trouble.note(nil)
    #expect(trouble.news() == .ended)
    #expect(trouble.news() == nil)
  }
}
