import JSON
import TestSupport
import Testing

@Suite("Counts of calls over a limit")
struct RefusalFigureTests {
  /// A user's limits, the calls that pass them and those over them, and the code of these.
  private struct Case {
    let name: String
    let limits: JSONObject
    let passing: Int
    let over: Int
    let code: String
  }

  /// No window ends while a test runs, except that of bandwidth, over which a single call is.
  private static let cases = [
    Case(name: "rate", limits: rateLimit(2), passing: 2, over: 3, code: "GTW429"),
    Case(
      name: "throttle",
      limits: ["throttle_duration": 10, "throttle_duration_type": "year", "throttle_queue_limit": 3], passing: 3,
      over: 4, code: "GTW430"),
    Case(
      name: "bandwidth", limits: ["bandwidth_limit_bytes": 10_000, "bandwidth_limit_window": "month"], passing: 0,
      over: 5, code: "GTW431"),
  ]

  private func samples(_ family: String, in all: [String: Double]) -> [String: Double] {
    all.filter { $0.key.hasPrefix("\(family){") }
  }

  @Test("are those of the calls that were sent, and a head that is too long is no call")
  func limits() async throws {
    let server = try ScriptedServer(UpstreamScripts.run)
    defer { server.stop() }
    try await withGatehouse(["MAX_BODY_SIZE_BYTES": "50000"]) { (gatehouse: GatehouseProcess) async throws in
      let token = try gatehouse.logIn()
      try gatehouse.createAPI("test", servers: [server.url], token: token, ["api_public": false])
      let body = [UInt8](repeating: UInt8(ascii: "b"), count: 20_000)
      for one in Self.cases {
        let caller = try gatehouse.createCaller(one.name, token: token, apis: ["test"], one.limits)
        let codes = try (0..<one.passing + one.over).map { _ in
          try gatehouse.send("POST", "/api/rest/test/v1/good", token: caller, raw: body).code
        }
        let passing = [String?](repeating: nil, count: one.passing)
        #expect(codes == passing + [String?](repeating: one.code, count: one.over), "\(one.name)")
      }
      for _ in 0..<2 {
        let connection = try HTTPConnection(port: gatehouse.port)
        try connection.send(call("/good", "POST", "Content-Length: 1000000\r\n"))
        #expect(try connection.receive().code == "REQ001")
      }
      let connection = try HTTPConnection(port: gatehouse.port)
      try connection.send(call("/good", "GET", "X-Long: \(String(repeating: "a", count: 20_000))\r\n"))
      #expect(try connection.receive().status == 431)
      let all = try gatehouse.samples()
      #expect(
        samples("gatehouse_refused_calls_total", in: all) == [
          #"gatehouse_refused_calls_total{code="GTW429"}"#: 3, #"gatehouse_refused_calls_total{code="GTW430"}"#: 4,
          #"gatehouse_refused_calls_total{code="GTW431"}"#: 5, #"gatehouse_refused_calls_total{code="REQ001"}"#: 2,
        ])
      #expect(
        samples("doorman_http_requests_total", in: all) == [
          #"doorman_http_requests_total{code="200"}"#: 5, #"doorman_http_requests_total{code="413"}"#: 2,
          #"doorman_http_requests_total{code="429"}"#: 12,
        ])
      #expect(
        samples("gatehouse_calls_total", in: all) == [
          #"gatehouse_calls_total{api="none",endpoint="none",status="413"}"#: 2,
          #"gatehouse_calls_total{api="none",endpoint="none",status="429"}"#: 12,
          #"gatehouse_calls_total{api="test/v1",endpoint="POST /{case}",status="200"}"#: 5,
        ])
      #expect(all["doorman_http_request_duration_seconds_count"] == 19)
    }
  }
}
