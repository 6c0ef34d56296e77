import JSON
import TestSupport
import Testing

@Suite("Fields that tell a server about a call")
struct ForwardedFieldTests {
  private func withEcho(_ body: (GatehouseProcess, _ token: String) throws -> Void) async throws {
    let upstream = try EchoUpstream()
    defer { upstream.stop() }
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      let token = try gatehouse.logIn()
      try gatehouse.createAPI("test", servers: [upstream.url], token: token)
      try body(gatehouse, token)
    }
  }

  /// Makes a call, and returns the answer and the fields that the server got.
  private func ask(_ gatehouse: GatehouseProcess, _ fields: String) throws -> (answer: HTTPAnswer, fields: JSONObject) {
    let connection = try HTTPConnection(port: gatehouse.port)
    try connection.send(call("/a", "GET", fields))
    let answer = try connection.receive()
    guard let got = answer.json.object?["headers"]?.object else {
      throw HTTPFailure(description: "no echo: \(answer.status) \(answer.text)")
    }
    return (answer, got)
  }

  @Test("have the client's trace and request id, unchanged", arguments: ["", "Connection: x-long-way\r\n"])
  func trace(fields: String) async throws {
    try await withEcho { (gatehouse: GatehouseProcess, _: String) throws in
      let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
      let (answer, got) = try ask(
        gatehouse,
        fields + "Traceparent: \(trace)\r\nTracestate: congo=t61rcWkgMzE\r\nX-Request-ID: request-of-a-test\r\n")
      #expect(got["traceparent"]?.string == trace)
      #expect(got["tracestate"]?.string == "congo=t61rcWkgMzE")
      #expect(got["x-request-id"]?.string == "request-of-a-test")
      #expect(answer.header("x-request-id") == "request-of-a-test")
    }
  }

  @Test(
    "have a new trace and a new request id for each call without them", arguments: ["", "Connection: x-long-way\r\n"])
  func newTrace(fields: String) async throws {
    try await withEcho { (gatehouse: GatehouseProcess, _: String) throws in
      var (traces, identifiers): (Set<String>, Set<String>) = ([], [])
      for given in ["", "Traceparent: nonsense\r\nTracestate: a=b\r\n", "Tracestate: a=b\r\n"] {
        let (answer, got) = try ask(gatehouse, fields + given)
        let (trace, identifier) = (got["traceparent"]?.string ?? "", got["x-request-id"]?.string ?? "")
        #expect(trace.wholeMatch(of: /00-[0-9a-f]{32}-[0-9a-f]{16}-00/) != nil, "\(trace)")
        #expect(got["tracestate"] == nil)
        #expect(!identifier.isEmpty && answer.header("x-request-id") == identifier)
        #expect(answer.header("request_id") == identifier)
        traces.insert(trace)
        identifiers.insert(identifier)
      }
      #expect(traces.count == 3 && identifiers.count == 3)
    }
  }

  @Test("have the version of HTTP that the client spoke, in Via", arguments: ["1.0", "1.1"])
  func via(version: String) async throws {
    try await withEcho { (gatehouse: GatehouseProcess, _: String) throws in
      let connection = try HTTPConnection(port: gatehouse.port)
      try connection.send(call("/a").replacing("HTTP/1.1", with: "HTTP/\(version)"))
      let via = try connection.receive().json.value(at: "headers.via")?.string ?? "none"
      #expect(via.hasPrefix("\(version) gatehouse-"), "\(via)")
    }
  }

  @Test("have the client's protocol and host when a proxy tells them that the settings trust, and from nobody else")
  func proxies() async throws {
    try await withEcho { (gatehouse: GatehouseProcess, token: String) throws in
      let told = "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: shop.example\r\n"
      let own = ["127.0.0.1", "http", "gateway.example"]
      let cases: [(proxies: [JSONValue]?, fields: String, expected: [String])] = [
        (nil, told, own), (["127.0.0.9"], told, own),
        (["127.0.0.9", "127.0.0.0/30"], told, ["203.0.113.9, 127.0.0.1", "https", "shop.example"]),
        (["127.0.0.1"], "X-Forwarded-Proto: https\r\n", ["127.0.0.1", "https", "gateway.example"]),
        (["127.0.0.1"], "", own),
      ]
      for (proxies, fields, expected) in cases {
        if let proxies {
          try gatehouse.expect(
            "PUT", "/platform/security/settings", token,
            ["trust_x_forwarded_for": true, "xff_trusted_proxies": .array(proxies)])
        }
        for way in ["", "Connection: x-long-way\r\n"] {
          let got = try ask(gatehouse, way + fields).fields
          let names = ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"]
          #expect(names.map { got[$0]?.string ?? "" } == expected, "\(proxies ?? []): \(fields)")
        }
      }
    }
  }
}
