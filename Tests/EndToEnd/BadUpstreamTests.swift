import Foundation
import JSON
import TestSupport
import Testing

@Suite("Servers that do things wrong")
struct BadUpstreamTests {
  /// A pool with one place for each event loop: a place that leaks is missed by the next call.
  static let settings = [
    "HTTP_MAX_CONNECTIONS": "1", "HTTP_TIMEOUT": "20", "HTTP_CONNECT_TIMEOUT": "2", "CIRCUIT_BREAKER_ENABLED": "false",
  ]
  /// The API that is called where the server is silent. On a busy machine its time could end for other calls, too.
  private static let impatient = "impatient"

  /// Starts a gateway with an API `test`, and one with a short time for reads, whose server follows `UpstreamScripts`.
  private func withScripts(_ body: (GatehouseProcess, ScriptedServer) async throws -> Void) async throws {
    let server = try ScriptedServer(UpstreamScripts.run)
    defer { server.stop() }
    try await withGatehouse(Self.settings) { (gatehouse: GatehouseProcess) async throws in
      let token = try gatehouse.logIn()
      try gatehouse.createAPI("test", servers: [server.url], token: token)
      try gatehouse.createAPI(Self.impatient, servers: [server.url], token: token, ["api_read_timeout": 5])
      let descriptors = try gatehouse.openDescriptors()
      try await body(gatehouse, server)
      server.closeConnections()
      let isAtRest = try eventually { try gatehouse.openDescriptors() <= descriptors ? true : nil }
      let left = try gatehouse.openDescriptors()
      #expect(isAtRest == true, "\(left) descriptors instead of \(descriptors)")
      #expect(try gatehouse.send("GET", "/api/rest/test/v1/good").text == "good")
    }
  }

  /// A call, then one on the same connection (if it is open) and one on another: both succeed.
  private func check(
    _ name: String, _ gatehouse: GatehouseProcess, _ method: String = "GET", of api: String = "test",
    _ expectation: (HTTPConnection) throws -> Void
  ) throws {
    let connection = try HTTPConnection(port: gatehouse.port)
    try connection.send(call("/\(name)", method).replacing("/test/", with: "/\(api)/"))
    do { try expectation(connection) } catch { Issue.record("\(method) \(name): \(error)") }
    if !connection.isClosedAlready {
      try connection.send(call("/good"))
      let next = try? connection.receive()
      #expect(next?.text == "good", "after \(method) \(name): \(next?.status ?? 0) \(next?.text ?? "nothing")")
    }
    let other = try gatehouse.send("GET", "/api/rest/test/v1/good")
    #expect(other.text == "good", "beside \(method) \(name): \(other.status) \(other.text)")
  }

  private func expectFailure(_ connection: HTTPConnection, _ status: Int, _ code: String, _ name: String) throws {
    var answer = try connection.receive()
    // Early hints may come before.
    while answer.status == 103 { answer = try connection.receive() }
    #expect(answer.status == status, "\(name)")
    #expect(answer.code == code, "\(name)")
    #expect(answer.json.object?["error_message"]?.string?.isEmpty == false, "\(name)")
    #expect(answer.header("x-upstream") == nil, "\(name)")
  }

  @Test("whose answers are no valid HTTP are answered for with 502")
  func invalid() async throws {
    try await withScripts { (gatehouse: GatehouseProcess, server: ScriptedServer) async throws in
      // A kept connection on which nothing came may have been closed before the request. A reset may overtake bytes.
      let silent = ["close", "reset", "half-closed", "reset-in-head"]
      let others = silent + ["close-in-head", "endless-head"]
      for name in UpstreamScripts.invalid.keys.sorted() + others {
        for method in ["GET", "POST"] {
          let before = server.count(of: "/\(name)")
          try check(name, gatehouse, method) { try expectFailure($0, 502, "GTW006", name) }
          let tries = server.count(of: "/\(name)") - before
          let mayRepeat = method == "GET" && silent.contains(name)
          #expect(tries == 1 || mayRepeat && tries == 2, "\(name) is tried \(tries) times")
        }
      }
    }
  }

  @Test("that are slow to begin their answers are answered for with 504")
  func slow() async throws {
    try await withScripts { gatehouse, _ in
      for name in ["slow-head", "slow-in-head"] {
        try check(name, gatehouse, of: Self.impatient) { try expectFailure($0, 504, "GTW010", name) }
      }
    }
  }

  @Test("whose bodies do not end rightly break the client's connection off, so that nobody takes the rest for whole")
  func brokenBodies() async throws {
    try await withScripts { gatehouse, _ in
      for name in UpstreamScripts.brokenBodies.keys.sorted() + ["slow-body", "reset-in-body"] {
        try check(name, gatehouse, of: name == "slow-body" ? Self.impatient : "test") { connection in
          #expect(throws: HTTPFailure.self, "\(name)") { try connection.receive() }
          #expect(connection.isClosedByServer(), "\(name)")
        }
        // An older client gets no chunks: the end of the connection alone tells it.
        guard UpstreamScripts.brokenBodies[name]?.contains("chunked") == true else { continue }
        let old = try HTTPConnection(port: gatehouse.port)
        try old.send(call("/\(name)").replacing("HTTP/1.1", with: "HTTP/1.0"))
        #expect(old.isReset(), "\(name)")
      }
    }
  }

  @Test("that answer in unusual ways are understood")
  func unusual() async throws {
    try await withScripts { gatehouse, _ in
      for (name, expected) in UpstreamScripts.unusual.sorted(by: { $0.key < $1.key }) {
        try check(name, gatehouse) { connection in
          let answer = try connection.receive(isHead: expected.status == 304)
          #expect(answer.status == expected.status, "\(name)")
          #expect(answer.text == expected.body, "\(name)")
          #expect(answer.header("x-t") == nil, "trailers do not pass")
          if name == "named-by-connection" { #expect(answer.header("x-upstream") == nil) }
        }
      }
      for name in UpstreamScripts.untilClose.keys.sorted() + ["half-closed-after"] {
        try check(name, gatehouse) { connection in
          let answer = try connection.receive()
          #expect(answer.text == "good", "\(name)")
        }
        let old = try HTTPConnection(port: gatehouse.port)
        try old.send(call("/\(name)").replacing("HTTP/1.1", with: "HTTP/1.0"))
        #expect(old.receiveText().hasSuffix("\r\n\r\ngood"), "\(name)")
      }
      try check("head-with-body", gatehouse, "HEAD") { connection in
        let answer = try connection.receive(isHead: true)
        #expect(answer.status == 200)
        #expect(answer.header("content-length") == "4")
      }
      for name in ["until-close-unsaid", "many-chunks", "good"] {
        try check(name, gatehouse, "HEAD") { connection in
          let answer = try connection.receive(isHead: true)
          #expect(answer.status == 200, "\(name)")
        }
      }
    }
  }

  @Test("that send early hints reach the client with them, without what else stands there")
  func hints() async throws {
    try await withScripts { gatehouse, _ in
      try check("hints", gatehouse) { connection in
        let hints = try connection.receive()
        #expect(hints.status == 103)
        #expect(hints.headers.map(\.name) == ["link"])
        #expect(try connection.receive().text == "good")
      }
      let old = try HTTPConnection(port: gatehouse.port)
      try old.send(call("/hints").replacing("HTTP/1.1", with: "HTTP/1.0"))
      let text = old.receiveText()
      #expect(text.hasPrefix("HTTP/1.1 200") && text.hasSuffix("good"), "\(text)")
    }
  }

  @Test("that never end a body are read only as long as the client reads")
  func endlessBody() async throws {
    try await withScripts { (gatehouse: GatehouseProcess, server: ScriptedServer) async throws in
      for _ in 0..<3 {
        let connection = try HTTPConnection(port: gatehouse.port)
        try connection.send(call("/endless-body"))
        var count = 0
        while count < 1_000_000 { count += connection.receiveSome(65_536) }
        connection.reset()
        #expect(eventually { server.open == 0 ? true : nil } == true, "the server's connection is closed")
        #expect(try gatehouse.send("GET", "/api/rest/test/v1/good").text == "good")
        server.closeConnections()
        #expect(eventually { server.open == 0 ? true : nil } == true)
      }
    }
  }

  @Test("that answer before the request's body is read have their answer passed on at once")
  func early() async throws {
    try await withScripts { gatehouse, _ in
      let body = String(repeating: "b", count: 500_000)
      for fields in ["", "Connection: x-long-way\r\n"] {
        let connection = try HTTPConnection(port: gatehouse.port)
        try connection.send(call("/early", "POST", "\(fields)Content-Length: \(body.utf8.count)\r\n") + "b")
        #expect(try connection.receive().text == "good")
        try connection.send(String(body.dropFirst()) + call("/good"))
        #expect(try connection.receive().text == "good")
      }
    }
  }

  @Test("that can't be reached, or do not accept in time, are answered for")
  func unreachable() async throws {
    let (refusing, full) = (try RefusingPort(), try FullPort())
    try await withGatehouse(Self.settings) { (gatehouse: GatehouseProcess) async throws in
      let token = try gatehouse.logIn()
      try gatehouse.createAPI("refused", servers: ["http://127.0.0.1:\(refusing.port)"], token: token)
      try gatehouse.createAPI("full", servers: ["http://127.0.0.1:\(full.port)"], token: token)
      try gatehouse.createAPI("nameless", servers: ["http://no-such-host.invalid"], token: token)
      for (name, status, code) in [
        ("refused", 502, "GTW006"), ("full", 504, "GTW010"), ("nameless", 502, "GTW006"),
      ] {
        for method in ["GET", "POST"] {
          let answer = try gatehouse.send(method, "/api/rest/\(name)/v1/x")
          #expect(answer.status == status, "\(name)")
          #expect(answer.code == code, "\(name)")
        }
      }
      // Calls beyond the places of the pool wait for the end of the first tries, not for their own time.
      let connections = try (0..<8).map { _ in try HTTPConnection(port: gatehouse.port) }
      for connection in connections { try connection.send(call("/x").replacing("/test/", with: "/refused/")) }
      for connection in connections { #expect(try connection.receive().code == "GTW006") }
    }
    withExtendedLifetime((refusing, full)) {}
  }

  @Test("that an API does not have are answered for, and those without a URL are named when they are set")
  func noServers() async throws {
    try await withGatehouse(Self.settings) { (gatehouse: GatehouseProcess) async throws in
      let token = try gatehouse.logIn()
      try gatehouse.createAPI("test", servers: [], token: token)
      let refused = try gatehouse.send(
        "PUT", "/platform/api/test/v1", token: token, json: ["api_servers": ["http://127.0.0.1:1", "orders:8080"]])
      #expect(refused.status == 400 && refused.code == "API016")
      #expect(refused.text.contains("'api_servers[1]' is not the URL of a server"), "\(refused.text)")
      for method in ["GET", "POST"] {
        let answer = try gatehouse.send(method, "/api/rest/test/v1/x")
        #expect(answer.status == 404 && answer.code == "GTW001")
        #expect(answer.text.contains("has no server"), "\(answer.text)")
      }
    }
  }

  @Test("that send bytes after an answer do not spoil the next one")
  func strayBytes() async throws {
    let server = try ScriptedServer { connection in
      guard connection.receiveHead() != nil, connection.send(UpstreamScripts.good) else { return }
      guard connection.number == 1 else { return UpstreamScripts.run(connection) }
      // The connection waits in the pool by then, or the bytes come along with the answer: both end it.
      connection.waitForEnd(within: .milliseconds(50))
      connection.send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nstray")
      connection.waitForEnd()
    }
    defer { server.stop() }
    try await withGatehouse(Self.settings) { (gatehouse: GatehouseProcess) async throws in
      try gatehouse.createAPI("test", servers: [server.url], token: gatehouse.logIn())
      let connection = try HTTPConnection(port: gatehouse.port)
      try connection.send(call("/good"))
      #expect(try connection.receive().text == "good")
      #expect(eventually { server.open == 0 ? true : nil } == true, "the connection is not kept")
      try connection.send(call("/good"))
      #expect(try connection.receive().text == "good")
      #expect(server.accepted == 2)
    }
  }
}
