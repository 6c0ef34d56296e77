import Clocks
import Glibc
import HTTPClient
import Settings
import TestSupport
import Testing

@testable import Sidecar

@Suite("What can be used up")
struct ScarceResourceTests {
  private func request(_ port: Int, within limit: Duration) throws -> DumpRequest.Result {
    let http = try HTTPClient(.init(userAgent: "test", connectTimeout: .milliseconds(200)))
    let client = GatewayClient(
      http, url: "http://127.0.0.1:\(port)", account: .init(username: "a", password: Secret("b")))
    return DumpRequest(client: client, deadline: Deadline(in: limit), waitsUntilReady: true).run { _, _, _, _ in }
  }

  @Test("a service whose queue of connections is full is not taken for gone, and one that does not listen is")
  func fullQueue() throws {
    let full = try FullPort()
    guard case .ended(.timedOut, let sentence) = try request(full.port, within: .seconds(2)) else {
      Issue.record("it counts as gone")
      return
    }
    #expect(sentence.contains("127.0.0.1:\(full.port)"))
    let server = try LoopbackServer { _ in .close }
    server.stop()
    guard case .notThere = try request(server.port, within: .seconds(20)) else {
      Issue.record("it does not count as gone")
      return
    }
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
    ProcessSurroundings.raiseDescriptorLimit()
    #expect(ProcessSurroundings.descriptorLimit == Int(clamping: limit.rlim_max))
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
