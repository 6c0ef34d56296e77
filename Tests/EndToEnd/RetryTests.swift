import JSON
import Synchronization
import TestSupport
import Testing

@Suite("Servers that fail for a while")
struct RetryTests {
  private static let settings = ["HTTP_RETRY_BASE_DELAY": "0.01"]

  /// Answers the first requests for each path with one of these, then with `good`.
  private enum Failure {
    case close
    case status(Int)
    case silence
  }

  /// - Parameter failures: how many requests for a path fail: the digit at its end.
  private func flaky(_ failure: Failure) throws -> ScriptedServer {
    let counts = Mutex<[String: Int]>([:])
    return try ScriptedServer { connection in
      guard let head = connection.receiveHead(), connection.receiveBody(of: head) != nil else { return }
      let number = counts.withLock { counts in
        counts[head.path, default: 0] += 1
        return counts[head.path, default: 0]
      }
      // No connection is kept, so that each try is counted.
      guard number <= head.path.last?.wholeNumberValue ?? 0 else {
        connection.send(UpstreamScripts.good.replacing("200 OK\r\n", with: "200 OK\r\nconnection: close\r\n"))
        return
      }
      switch failure {
      case .close: return
      case .status(let status):
        connection.send("HTTP/1.1 \(status) X\r\nconnection: close\r\ncontent-length: 3\r\n\r\nbad")
      case .silence: connection.waitForEnd()
      }
    }
  }

  private func withFlaky(
    _ failure: Failure, retries: Int = 2, _ changes: [String: String] = [:],
    _ body: (GatehouseProcess, ScriptedServer) throws -> Void
  ) async throws {
    let server = try flaky(failure)
    defer { server.stop() }
    let settings = Self.settings.merging(changes) { $1 }
    try await withGatehouse(settings) { (gatehouse: GatehouseProcess) async throws in
      try gatehouse.createAPI(
        "test", servers: [server.url], token: gatehouse.logIn(), ["api_allowed_retry_count": .integer(retries)])
      try body(gatehouse, server)
    }
  }

  @Test("are tried again as often as the API says, if the method allows it")
  func closes() async throws {
    try await withFlaky(.close) { (gatehouse: GatehouseProcess, server: ScriptedServer) throws in
      #expect(try gatehouse.send("GET", "/api/rest/test/v1/a2").text == "good")
      #expect(server.count(of: "/a2") == 3)
      #expect(try gatehouse.send("PUT", "/api/rest/test/v1/b1", raw: Array("{}".utf8)).text == "good")
      let failed = try gatehouse.send("GET", "/api/rest/test/v1/c3")
      #expect(failed.status == 502 && failed.code == "GTW006")
      #expect(server.count(of: "/c3") == 3)
      for method in ["POST", "PATCH"] {
        let answer = try gatehouse.send(method, "/api/rest/test/v1/\(method.lowercased())1", raw: Array("{}".utf8))
        #expect(answer.code == "GTW006", "\(method) may have done something")
        #expect(server.count(of: "/\(method.lowercased())1") == 1)
      }
    }
  }

  @Test("have their last answer passed on when no try succeeded", arguments: [500, 502, 503, 504])
  func statuses(status: Int) async throws {
    try await withFlaky(.status(status)) { (gatehouse: GatehouseProcess, server: ScriptedServer) throws in
      #expect(try gatehouse.send("GET", "/api/rest/test/v1/a2").text == "good")
      let failed = try gatehouse.send("GET", "/api/rest/test/v1/c3")
      #expect(failed.status == status && failed.text == "bad")
      #expect(server.count(of: "/c3") == 3)
      let post = try gatehouse.send("POST", "/api/rest/test/v1/d1", raw: Array("{}".utf8))
      #expect(post.status == status && post.text == "bad")
      #expect(server.count(of: "/d1") == 1)
    }
  }

  @Test("that answer 501 or 429, or are silent, are not tried again", arguments: [501, 429])
  func others(status: Int) async throws {
    try await withFlaky(.status(status)) { (gatehouse: GatehouseProcess, server: ScriptedServer) throws in
      #expect(try gatehouse.send("GET", "/api/rest/test/v1/a1").status == status)
      #expect(server.count(of: "/a1") == 1)
    }
    try await withFlaky(.silence, ["HTTP_READ_TIMEOUT": "1"]) {
      (gatehouse: GatehouseProcess, server: ScriptedServer) throws in
      #expect(try gatehouse.send("GET", "/api/rest/test/v1/a1").code == "GTW010")
      #expect(eventually { server.count(of: "/a1") == 1 ? true : nil } == true)
    }
  }

  @Test("get a body of up to 64 KiB once more, and no longer one")
  func bodies() async throws {
    try await withFlaky(.status(503)) { (gatehouse: GatehouseProcess, server: ScriptedServer) throws in
      let short = [UInt8](repeating: UInt8(ascii: "b"), count: 60_000)
      #expect(try gatehouse.send("PUT", "/api/rest/test/v1/a1", raw: short).text == "good")
      #expect(server.count(of: "/a1") == 2)
      let long = [UInt8](repeating: UInt8(ascii: "b"), count: 900_000)
      #expect(try gatehouse.send("PUT", "/api/rest/test/v1/b1", raw: long).status == 503)
      #expect(server.count(of: "/b1") == 1)
    }
  }

  @Test("are passed over: a request that was not sent goes to the next server, also if it is a POST")
  func nextServer() async throws {
    let (refusing, server) = (try RefusingPort(), try ScriptedServer(UpstreamScripts.run))
    defer { server.stop() }
    try await withGatehouse(Self.settings) { (gatehouse: GatehouseProcess) async throws in
      try gatehouse.createAPI(
        "test", servers: ["http://127.0.0.1:\(refusing.port)", server.url], token: gatehouse.logIn(),
        ["api_allowed_retry_count": 1])
      for _ in 0..<6 {
        #expect(try gatehouse.send("POST", "/api/rest/test/v1/good", raw: Array("{}".utf8)).text == "good")
      }
      #expect(server.count(of: "/good") == 6)
    }
    withExtendedLifetime(refusing) {}
  }

  @Test("are left out after three failures in a row, while there is another server")
  func ejection() async throws {
    let (refusing, server) = (try RefusingPort(), try ScriptedServer(UpstreamScripts.run))
    defer { server.stop() }
    try await withGatehouse(Self.settings) { (gatehouse: GatehouseProcess) async throws in
      try gatehouse.createAPI(
        "test", servers: ["http://127.0.0.1:\(refusing.port)", server.url], token: gatehouse.logIn())
      let statuses = try (0..<12).map { _ in try gatehouse.send("GET", "/api/rest/test/v1/good").status }
      #expect(statuses == [502, 200, 502, 200, 502, 200, 200, 200, 200, 200, 200, 200])
    }
    withExtendedLifetime(refusing) {}
  }

  @Test("are not called while the circuit is open, and one call tries them after the pause")
  func breaker() async throws {
    // The pause is longer than a busy machine needs for the call that is refused in it.
    let settings = ["CIRCUIT_BREAKER_THRESHOLD": "3", "CIRCUIT_BREAKER_TIMEOUT": "5"]
    for failure in [Failure.close, .status(503)] {
      try await withFlaky(failure, retries: 0, settings) {
        (gatehouse: GatehouseProcess, server: ScriptedServer) throws in
        for _ in 0..<3 { #expect(try gatehouse.send("GET", "/api/rest/test/v1/a9").code != "GTW999") }
        #expect(server.count(of: "/a9") == 3)
        let refused = try gatehouse.send("GET", "/api/rest/test/v1/good")
        #expect(refused.status == 503 && refused.code == "GTW999")
        #expect(server.count(of: "/good") == 0)
        let answer = try eventually {
          let answer = try gatehouse.send("GET", "/api/rest/test/v1/good")
          return answer.status == 200 ? answer : nil
        }
        #expect(answer?.text == "good")
        for _ in 0..<3 { #expect(try gatehouse.send("GET", "/api/rest/test/v1/good").text == "good") }
      }
    }
  }

  @Test("open the circuit by each try that fails, also within one call, which then is not tried again")
  func breakerCountsTries() async throws {
    for failure in [Failure.close, .status(503)] {
      for threshold in [2, 3] {
        let settings = ["CIRCUIT_BREAKER_THRESHOLD": "\(threshold)", "CIRCUIT_BREAKER_TIMEOUT": "600"]
        try await withFlaky(failure, retries: 2, settings) {
          (gatehouse: GatehouseProcess, server: ScriptedServer) throws in
          let failed = try gatehouse.send("GET", "/api/rest/test/v1/a9")
          #expect(failed.code == "GTW006" || failed.text == "bad", "\(failed.status) \(failed.text)")
          #expect(server.count(of: "/a9") == threshold)
          #expect(try gatehouse.send("GET", "/api/rest/test/v1/good").code == "GTW999")
          #expect(server.count(of: "/good") == 0)
        }
      }
    }
  }

  @Test("open the circuit by their silence, and by ports that refuse connections or do not accept them in time")
  func breakerOfOtherFailures() async throws {
    let settings = [
      "CIRCUIT_BREAKER_THRESHOLD": "3", "CIRCUIT_BREAKER_TIMEOUT": "600", "HTTP_READ_TIMEOUT": "0.3",
      "HTTP_CONNECT_TIMEOUT": "2",
    ]
    try await withFlaky(.silence, settings) { (gatehouse: GatehouseProcess, server: ScriptedServer) throws in
      for _ in 0..<3 { #expect(try gatehouse.send("GET", "/api/rest/test/v1/a9").code == "GTW010") }
      #expect(try gatehouse.send("GET", "/api/rest/test/v1/good").code == "GTW999")
      #expect(server.count(of: "/good") == 0)
    }
    let (refusing, full) = (try RefusingPort(), try FullPort())
    try await withGatehouse(Self.settings.merging(settings) { $1 }) { (gatehouse: GatehouseProcess) async throws in
      let token = try gatehouse.logIn()
      for (name, port, code) in [("refused", refusing.port, "GTW006"), ("full", full.port, "GTW010")] {
        let servers = ["http://127.0.0.1:\(port)"]
        try gatehouse.createAPI(name, servers: servers, token: token, ["api_allowed_retry_count": 2])
        #expect(try gatehouse.send("GET", "/api/rest/\(name)/v1/a").code == code)
        #expect(try gatehouse.send("GET", "/api/rest/\(name)/v1/a").code == "GTW999", "\(name): three tries failed")
      }
    }
    withExtendedLifetime((refusing, full)) {}
  }

  @Test("do not open the circuit with what is the client's fault, or with failures that are not in a row")
  func breakerStaysClosed() async throws {
    let settings = ["CIRCUIT_BREAKER_THRESHOLD": "2"]
    try await withFlaky(.status(503), retries: 0, settings) {
      (gatehouse: GatehouseProcess, _: ScriptedServer) throws in
      for number in 0..<4 {
        #expect(try gatehouse.send("GET", "/api/rest/test/v1/x\(number)1").status == 503)
        #expect(try gatehouse.send("GET", "/api/rest/test/v1/good").status == 200)
      }
    }
    try await withFlaky(.status(404), retries: 0, settings) {
      (gatehouse: GatehouseProcess, _: ScriptedServer) throws in
      for _ in 0..<4 { #expect(try gatehouse.send("GET", "/api/rest/test/v1/a9").code == "GTW005") }
      #expect(try gatehouse.send("GET", "/api/rest/test/v1/good").status == 200)
    }
  }

  @Test("and that close a connection just when the next request comes get it once more, unless it is a POST")
  func stale() async throws {
    let server = try ScriptedServer { connection in
      guard let head = connection.receiveHead(), connection.receiveBody(of: head) != nil,
        connection.send(UpstreamScripts.good)
      else { return }
      // The second request of each connection is read and not answered.
      _ = connection.receiveHead()
    }
    defer { server.stop() }
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      try gatehouse.createAPI("test", servers: [server.url], token: gatehouse.logIn())
      for (method, isRetried) in [("GET", true), ("PUT", true), ("POST", false), ("PATCH", false)] {
        let before = server.count(of: "/x")
        let connection = try HTTPConnection(port: gatehouse.port)
        try connection.send(call("/x", method, body: "a"))
        #expect(try connection.receive().text == "good")
        try connection.send(call("/x", method, body: "a"))
        let answer = try connection.receive()
        #expect(answer.status == (isRetried ? 200 : 502), "\(method)")
        #expect(server.count(of: "/x") == before + (isRetried ? 3 : 2), "\(method)")
        server.closeConnections()
        // Else a POST could get a connection whose end the gateway has not noticed.
        let open = #"gatehouse_upstream_connections{server="\#(server.url)",state="open"}"#
        #expect(try eventually { try gatehouse.samples()[open, default: 0] == 0 ? true : nil } == true)
      }
    }
  }

  @Test("and that end a kept connection within an answer do not get the call once more")
  func begunAnswers() async throws {
    let parts = [
      "/byte": "H", "/half": "HTTP/1.1 200 OK\r\ncontent-le", "/hints": "HTTP/1.1 103 Early Hints\r\n\r\n",
    ]
    let server = try ScriptedServer { connection in
      // The first request of each connection gets its answer, and the second one a part of it.
      guard connection.receiveHead() != nil, connection.send(UpstreamScripts.good) else { return }
      if let head = connection.receiveHead(), let part = parts[head.path] { connection.send(part) }
    }
    defer { server.stop() }
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      try gatehouse.createAPI("test", servers: [server.url], token: gatehouse.logIn())
      for path in parts.keys.sorted() {
        let accepted = server.accepted
        let connection = try HTTPConnection(port: gatehouse.port)
        try connection.send(call(path))
        #expect(try connection.receive().text == "good")
        try connection.send(call(path))
        var answer = try connection.receive()
        while answer.status == 103 { answer = try connection.receive() }
        #expect(answer.status == 502 && answer.code == "GTW006", "\(path): \(answer.status)")
        #expect(server.count(of: path) == 2, "\(path)")
        #expect(server.accepted == accepted + 1, "\(path)")
      }
    }
  }

  @Test("and that close all kept connections get the call once more on a new one")
  func allStale() async throws {
    let present = Mutex(0)
    let server = try ScriptedServer { connection in
      guard connection.receiveHead() != nil else { return }
      // The first calls are there at once, so that several connections are kept.
      present.withLock { $0 += 1 }
      let isCrowd = eventually { present.withLock { $0 >= 8 } ? true : nil }
      guard isCrowd == true, connection.send(UpstreamScripts.good) else { return }
      // The second request of each connection is read and not answered.
      _ = connection.receiveHead()
    }
    defer { server.stop() }
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      try gatehouse.createAPI("test", servers: [server.url], token: gatehouse.logIn())
      let connections = try (0..<8).map { _ in try HTTPConnection(port: gatehouse.port) }
      for connection in connections { try connection.send(call("/x")) }
      for connection in connections { #expect(try connection.receive().text == "good") }
      for connection in connections {
        try connection.send(call("/x"))
        #expect(try connection.receive().text == "good")
      }
    }
  }
}
