import Glibc
import JSON
import Synchronization
import TestSupport
import Testing

/// The figures that calls and servers cause, as `GET /metrics` and `GET /api/status` show it.
@Suite("Figures for operators")
struct CallFigureTests {
  /// The time that slow answers take.
  private static let pause = Duration.milliseconds(500)

  /// A server that is slow, silent, closes connections or has nothing, by the path of the request.
  private func makeServer() throws -> ScriptedServer {
    let retries = Mutex(0)
    return try ScriptedServer { connection in
      while let head = connection.receiveHead(), connection.receiveBody(of: head) != nil {
        switch head.path {
        case "/missing": connection.send("HTTP/1.1 404 No\r\ncontent-length: 2\r\n\r\nno")
        case "/silent":
          connection.waitForEnd()
          return
        case "/close": return
        case "/slow":
          connection.waitForEnd(within: Self.pause)
          connection.send(UpstreamScripts.good)
        case "/retry":
          let number = retries.withLock { count in
            count += 1
            return count
          }
          if number == 1 { connection.waitForEnd(within: Self.pause) }
          connection.send(number == 1 ? "HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n" : UpstreamScripts.good)
        default: connection.send(UpstreamScripts.good)
        }
      }
    }
  }

  /// A server that reads the second request of each connection and does not answer it.
  private func makeClosingServer() throws -> ScriptedServer {
    try ScriptedServer { connection in
      guard connection.receiveHead() != nil, connection.send(UpstreamScripts.good) else { return }
      _ = connection.receiveHead()
    }
  }

  /// Keeps a server from answering until its release.
  private final class Gate: Sendable {
    private let isHeld = Mutex(true)

    func release() { isHeld.withLock { $0 = false } }

    func answer(on connection: ScriptedConnection) -> Bool {
      let isReleased = eventually(within: .seconds(120)) { isHeld.withLock { $0 } ? nil : true }
      return isReleased == true && connection.send(UpstreamScripts.good)
    }
  }

  private func status(_ gatehouse: GatehouseProcess, _ token: String) throws -> JSONValue {
    try gatehouse.send("GET", "/api/status", token: token).json
  }

  @Test("count retries, timeouts, closed connections and refusals, and the times of the gateway and of servers")
  func counters() async throws {
    let (server, closing) = (try makeServer(), try makeClosingServer())
    defer {
      server.stop()
      closing.stop()
    }
    let settings = ["HTTP_READ_TIMEOUT": "5", "HTTP_RETRY_BASE_DELAY": "0.01"]
    try await withGatehouse(settings) { (gatehouse: GatehouseProcess) async throws in
      let token = try gatehouse.logIn()
      try gatehouse.createAPI("test", servers: [server.url], token: token, ["api_allowed_retry_count": 1])
      try gatehouse.createAPI("limited", servers: [server.url], token: token, ["api_public": false])
      try gatehouse.createAPI("closing", servers: [closing.url], token: token)
      let ask = { (path: String) throws in try gatehouse.send("GET", "/api/rest/test/v1/\(path)") }
      for _ in 0..<3 { #expect(try ask("good").text == "good") }
      for path in ["slow", "retry"] {
        let begin = ContinuousClock.now
        let answer = try ask(path)
        let times = ["x-gateway-time", "x-backend-time"].map { answer.header($0).flatMap { Int($0) } ?? -1 }
        #expect(answer.text == "good" && times[0] >= 0 && times[1] >= 500, "\(path): \(times)")
        #expect(Duration.milliseconds(times[0] + times[1]) <= begin.duration(to: .now), "\(path): \(times)")
      }
      #expect(try ask("missing").code == "GTW005")
      #expect(try ask("silent").code == "GTW010")
      #expect(try gatehouse.send("POST", "/api/rest/test/v1/close", raw: Array("{}".utf8)).code == "GTW006")
      #expect(try gatehouse.send("GET", "/api/rest/none/v1/good").code == "GTW001")
      let kept = try HTTPConnection(port: gatehouse.port)
      for _ in 0..<2 {
        try kept.send(call("/x").replacing("/test/", with: "/closing/"))
        #expect(try kept.receive().text == "good")
      }
      try limitedCalls(gatehouse, token)
      try expectCounters(gatehouse.samples())
    }
  }

  /// Two calls, of which the second waits for the throttle, and one over the limit.
  private func limitedCalls(_ gatehouse: GatehouseProcess, _ token: String) throws {
    let limits: JSONObject = [
      "rate_limit_duration": 2, "rate_limit_duration_type": "year", "throttle_duration": 1,
      "throttle_duration_type": "year", "throttle_queue_limit": 10, "throttle_wait_duration": 1,
      "throttle_wait_duration_type": "second",
    ]
    let caller = try gatehouse.createCaller("caller", token: token, apis: ["limited"], limits)
    for code in [nil, nil, "GTW429"] {
      #expect(try gatehouse.send("GET", "/api/rest/limited/v1/good", token: caller).code == code)
    }
  }

  private func expectCounters(_ samples: [String: Double]) throws {
    let expected: [String: Double] = [
      "doorman_http_retries_total": 1, "doorman_upstream_timeouts_total": 1, "gatehouse_stale_connections_total": 1,
      #"doorman_http_requests_total{code="200"}"#: 9, #"doorman_http_requests_total{code="404"}"#: 2,
      #"doorman_http_requests_total{code="429"}"#: 1, #"doorman_http_requests_total{code="502"}"#: 1,
      #"doorman_http_requests_total{code="504"}"#: 1,
      #"gatehouse_calls_total{api="closing/v1",endpoint="GET /{case}",status="200"}"#: 2,
      #"gatehouse_calls_total{api="test/v1",endpoint="POST /{case}",status="502"}"#: 1,
      #"gatehouse_refused_calls_total{code="GTW001"}"#: 1, #"gatehouse_refused_calls_total{code="GTW005"}"#: 1,
      #"gatehouse_refused_calls_total{code="GTW006"}"#: 1, #"gatehouse_refused_calls_total{code="GTW010"}"#: 1,
      #"gatehouse_refused_calls_total{code="GTW429"}"#: 1,
      // All but the call without an API and the one over the limit.
      "gatehouse_gateway_seconds_count": 12, #"gatehouse_gateway_seconds_bucket{le="+Inf"}"#: 12,
      // The call that was tried again got two answers, and two calls got none.
      "gatehouse_backend_seconds_count": 11, #"gatehouse_backend_seconds_bucket{le="+Inf"}"#: 11,
      "doorman_http_request_duration_seconds_count": 14,
    ]
    for (name, value) in expected.sorted(by: { $0.key < $1.key }) {
      #expect(samples[name] == value, "\(name)")
    }
    let own = try #require(samples["gatehouse_gateway_seconds_sum"])
    let servers = try #require(samples["gatehouse_backend_seconds_sum"])
    let whole = try #require(samples["doorman_http_request_duration_seconds_sum"])
    // The wait for the throttle is the gateway's time, and that for slow answers the servers'.
    #expect(own >= 1 && servers >= 1)
    #expect(try #require(samples[#"gatehouse_gateway_seconds_bucket{le="0.5"}"#]) <= 11)
    #expect(try #require(samples[#"gatehouse_backend_seconds_bucket{le="0.25"}"#]) <= 9)
    // One server was silent for five seconds, which are in neither.
    #expect(own + servers + 4.9 <= whole, "\(own), \(servers), \(whole)")
  }

  @Test("have some time of the gateway for calls that wait for nothing")
  func ownTime() async throws {
    let server = try makeServer()
    defer { server.stop() }
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      try gatehouse.createAPI("test", servers: [server.url], token: gatehouse.logIn())
      let connection = try HTTPConnection(port: gatehouse.port)
      for _ in 0..<100 {
        try connection.send(call("/good"))
        #expect(try connection.receive().text == "good")
      }
      let samples = try gatehouse.samples()
      #expect(samples["gatehouse_gateway_seconds_count"] == 100)
      #expect(try #require(samples["gatehouse_gateway_seconds_sum"]) > 0)
    }
  }

  @Test("tell which APIs have an open circuit breaker, and which one is being tried")
  func breakers() async throws {
    let gate = Gate()
    let server = try ScriptedServer { connection in
      guard connection.receiveHead()?.path == "/held" else { return }
      _ = gate.answer(on: connection)
    }
    defer { server.stop() }
    let settings = [
      "CIRCUIT_BREAKER_THRESHOLD": "2", "CIRCUIT_BREAKER_TIMEOUT": "1", "HTTP_READ_TIMEOUT": "120",
    ]
    try await withGatehouse(settings) { (gatehouse: GatehouseProcess) async throws in
      let token = try gatehouse.logIn()
      for name in ["test", "other"] { try gatehouse.createAPI(name, servers: [server.url], token: token) }
      let expectBreakers = { (value: Double?, state: String?) throws in
        let found = try gatehouse.samples().filter { $0.key.hasPrefix("gatehouse_circuit_breaker_open{") }
        let samples: [String: Double] = value.map { [#"gatehouse_circuit_breaker_open{api="test/v1"}"#: $0] } ?? [:]
        #expect(found == samples)
        let listed = try status(gatehouse, token).value(at: "circuit_breakers")?.array
        let expected: [JSONValue] = state.map { [["api": "test/v1", "state": .string($0)]] } ?? []
        #expect(listed == expected)
      }
      try expectBreakers(nil, nil)
      for _ in 0..<2 { #expect(try gatehouse.send("GET", "/api/rest/test/v1/bad").code == "GTW006") }
      try expectBreakers(1, "open")
      var tried: HTTPConnection?
      let isTried = try eventually { () throws -> Bool? in
        let connection = try HTTPConnection(port: gatehouse.port)
        try connection.send(call("/held"))
        tried = connection
        // A call that is refused is answered at once.
        let isThere = eventually { () -> Bool? in
          server.count(of: "/held") > 0 ? true : connection.receiveNow() == nil ? nil : false
        }
        return isThere == true ? true : nil
      }
      #expect(isTried == true)
      try expectBreakers(0.5, "half-open")
      gate.release()
      #expect(try tried?.receive().text == "good")
      try expectBreakers(nil, nil)
    }
  }

  @Test("tell how many calls wait for a connection, and how many connections there are")
  func waiting() async throws {
    let gate = Gate()
    let server = try ScriptedServer { connection in
      while connection.receiveHead() != nil { guard gate.answer(on: connection) else { return } }
    }
    defer { server.stop() }
    let settings = ["HTTP_MAX_CONNECTIONS": "1", "HTTP_TIMEOUT": "120", "HTTP_READ_TIMEOUT": "120"]
    try await withGatehouse(settings) { (gatehouse: GatehouseProcess) async throws in
      let token = try gatehouse.logIn()
      try gatehouse.createAPI("test", servers: [server.url], token: token)
      let clients = try (0..<100).map { _ in try HTTPConnection(port: gatehouse.port) }
      for client in clients { try client.send(call("/a")) }
      let connections = { (state: String) in
        #"gatehouse_upstream_connections{server="\#(server.url)",state="\#(state)"}"#
      }
      let waiting = #"gatehouse_upstream_waiting{server="\#(server.url)"}"#
      let full = try eventually(within: .seconds(60)) { () throws -> [String: Double]? in
        let samples = try gatehouse.samples()
        guard let open = samples[connections("open")], let waits = samples[waiting], waits > 0 else { return nil }
        return open + waits == 100 ? samples : nil
      }
      #expect(full?[connections("idle")] == 0)
      #expect(full?["gatehouse_client_connections"] ?? 0 >= 101)
      let figures = try status(gatehouse, token).value(at: "upstreams.0")
      let numbers = ["open", "waiting", "idle"].map { figures?.object?[$0]?.number?.int ?? -1 }
      #expect(figures?.object?["server"]?.string == server.url)
      #expect(numbers[0] + numbers[1] == 100 && numbers[1] > 0 && numbers[2] == 0, "\(numbers)")
      gate.release()
      for client in clients { #expect(try client.receive().text == "good") }
      let isEmpty = try eventually { () throws -> Bool? in
        let samples = try gatehouse.samples()
        guard let open = samples[connections("open")], open > 0, samples[waiting] == 0 else { return nil }
        return samples[connections("idle")] == open ? true : nil
      }
      #expect(isEmpty == true)
    }
  }

  @Test("tell how late event loops were since the last look")
  func lag() async throws {
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      let longest = { () throws -> Double in
        let lags = try gatehouse.samples().filter { $0.key.hasPrefix("gatehouse_event_loop_lag_seconds{") }
        return try #require(lags.values.max())
      }
      // Longer than the time after which an event loop looks at itself.
      gatehouse.signal(SIGSTOP)
      _ = poll(nil, 0, 1500)
      gatehouse.signal(SIGCONT)
      #expect(try eventually { try longest() >= 0.5 ? true : nil } == true)
      #expect(try eventually { try longest() < 0.5 ? true : nil } == true)
    }
  }
}
