import TestSupport
import Testing

@Suite("Requests that two readers might see in two ways")
struct RequestConformanceTests {
  private func check(_ cases: [WireCase]) async throws {
    let upstream = try RecordingUpstream()
    defer { upstream.server.stop() }
    try await withGatehouse(["CIRCUIT_BREAKER_ENABLED": "false"]) { (gatehouse: GatehouseProcess) async throws in
      try gatehouse.createAPI("test", servers: [upstream.server.url], token: gatehouse.logIn())
      for place in [WireCase.Place.dataPlane, .platform] {
        let run = WireRun(gatehouse: gatehouse, upstream: upstream, place: place)
        for test in cases {
          for mode in WireMode.allCases where mode != .byteByByte || test.text.utf8.count < 2000 {
            try run.check(test, mode)
          }
        }
      }
      #expect(!gatehouse.log.contains("request failed"))
    }
  }

  @Test("have one request line, or are refused")
  func requestLines() async throws { try await check(HeadCases.requestLines) }

  @Test("have one target and one host, or are refused")
  func targets() async throws { try await check(HeadCases.targets) }

  @Test("have fields that end in one place, or are refused")
  func fields() async throws { try await check(HeadCases.fields) }

  @Test("end the connection when they say so, and nothing behind them is answered")
  func connections() async throws { try await check(HeadCases.connections) }

  @Test("have one length, or are refused")
  func lengths() async throws { try await check(BodyCases.lengths) }

  @Test("are chunked or not, or are refused")
  func codings() async throws { try await check(BodyCases.transferCodings) }

  @Test("hide no transfer coding from another reader")
  func codingNames() async throws { try await check(BodyCases.codingNames) }

  @Test("have chunks that end in one place, or are refused")
  func chunks() async throws { try await check(BodyCases.chunks) }
}
