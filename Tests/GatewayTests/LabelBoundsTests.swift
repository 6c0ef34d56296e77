import JSON
import Model
import Testing

@testable import Gateway

@Suite("The labels of servers and APIs in the figures")
struct LabelBoundsTests {
  private func written(_ write: (inout MetricsText) -> Void) -> [String] {
    var text = MetricsText()
    write(&text)
    return text.text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map(String.init)
  }

  @Test("are those of all servers up to the bound, and `other` has the sums of the rest")
  func servers() {
    for rest in [-1, 0, 1, 3] {
      let pools = (0..<LabelBounds.servers + rest).map {
        PoolFigures(server: "http://s\($0):1", open: 7, idle: 2, waiting: 3)
      }
      let samples = written { Gateway.append(pools: pools, to: &$0) }
      let others = samples.filter { $0.contains(#""other""#) }
      #expect(samples.count - others.count == 3 * min(pools.count, LabelBounds.servers))
      let sums = [
        #"gatehouse_upstream_connections{server="other",state="open"} \#(7 * rest)"#,
        #"gatehouse_upstream_connections{server="other",state="idle"} \#(2 * rest)"#,
        #"gatehouse_upstream_waiting{server="other"} \#(3 * rest)"#,
      ]
      #expect(others == (rest > 0 ? sums : []))
      #expect(samples.contains(#"gatehouse_upstream_waiting{server="http://s\#(LabelBounds.servers - 2):1"} 3"#))
    }
  }

  @Test("are those of all APIs up to the bound, and `other` has the worst state of the rest")
  func breakers() {
    for (rest, value) in [([], nil), (["half-open"], "0.5"), (["half-open", "open"], "1")] as [([String], String?)] {
      let phases = [String](repeating: "open", count: LabelBounds.breakers) + rest
      let breakers = phases.enumerated().map { BreakerFigure(api: "a\($0.offset)/v1", phase: $0.element) }
      let samples = written { Gateway.append(breakers: breakers, to: &$0) }
      #expect(samples.count == LabelBounds.breakers + (rest.isEmpty ? 0 : 1))
      #expect(samples.first == #"gatehouse_circuit_breaker_open{api="a0/v1"} 1"#)
      if let value { #expect(samples.last == #"gatehouse_circuit_breaker_open{api="other"} \#(value)"#) }
    }
  }

  @Test("are bounded in the answer to a scraper, too")
  func whole() async throws {
    var configuration = GatewayConfiguration()
    configuration.breakerThreshold = 1
    let test = try await TestGateway(configuration)
    for number in 0..<LabelBounds.breakers + 5 {
      try test.insert(
        [
          "api_name": .string("n\(number)"), "api_version": "v1", "api_allowed_groups": ["g"],
          "api_servers": ["http://127.0.0.1:1"],
        ], into: Collections.apis)
    }
    for number in 0..<LabelBounds.breakers + 5 {
      try #require(test.table.api("n\(number)", "v1")).breaker.fail(begun: 0, now: 0)
    }
    let text = await test.gateway.metricsText(clientConnections: 7)
    let lines = text.split(separator: "\n")
    #expect(lines.count { $0.hasPrefix("gatehouse_circuit_breaker_open{") } == LabelBounds.breakers + 1)
    #expect(lines.contains(#"gatehouse_circuit_breaker_open{api="other"} 1"#))
    #expect(lines.contains("gatehouse_client_connections 7"))
  }
}
