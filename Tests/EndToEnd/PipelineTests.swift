import JSON
import TestSupport
import Testing

@Suite("Connections that carry requests of both kinds")
struct PipelineTests {
  private func withEcho(_ body: (GatehouseProcess, EchoUpstream) throws -> Void) async throws {
    let upstream = try EchoUpstream()
    defer { upstream.stop() }
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      try gatehouse.createAPI("test", servers: [upstream.url], token: gatehouse.logIn())
      try body(gatehouse, upstream)
    }
  }

  private static func id(_ number: Int) -> String { "X-Request-ID: request-\(number)\r\n" }

  /// Requests to the data plane and to the platform, with the statuses of their answers.
  private static let mixed: [(text: String, status: Int, isHead: Bool)] = {
    let platform = { (path: String, number: Int) in "GET \(path) HTTP/1.1\r\nHost: x\r\n\(id(number))\r\n" }
    let login = "{\"email\": \"nobody@example.com\", \"password\": \"none\"}"
    return [
      (call("/a", "GET", id(0)), 200, false), (platform("/api/health", 1), 200, false),
      (call("/b", "POST", id(2), body: "GET / HTTP/1.1\r\n\r\n"), 200, false),
      (call("/status", "HEAD", id(3)), 200, true), (platform("/platform/user/me", 4), 401, false),
      (call("/c", "PUT", id(5) + "Transfer-Encoding: chunked\r\n") + "3\r\nabc\r\n0\r\n\r\n", 200, false),
      (call("/a/b", "GET", id(6)), 404, false), (call("/d", "DELETE", id(7)), 200, false),
      (
        "POST /platform/authorization HTTP/1.1\r\nHost: x\r\n\(id(8))Content-Length: \(login.utf8.count)\r\n\r\n\(login)",
        400, false
      ),
      (call("/x", "OPTIONS", id(9)), 204, false), (call("/e", "GET", id(10)), 200, false),
      (platform("/api/none", 11), 404, false), (call("/f", "PATCH", id(12), body: ""), 200, false),
    ]
  }()

  private func expectAnswers(_ connection: HTTPConnection) throws {
    for (number, request) in Self.mixed.enumerated() {
      let answer = try connection.receive(isHead: request.isHead)
      #expect(answer.status == request.status, "request \(number): \(answer.text)")
      #expect(answer.header("x-request-id") == "request-\(number)")
    }
  }

  @Test("get their answers in order, however the bytes are cut", arguments: [1, 7, 100, 1_000_000])
  func order(size: Int) async throws {
    try await withEcho { (gatehouse: GatehouseProcess, _: EchoUpstream) throws in
      let bytes = Array(Self.mixed.map(\.text).joined().utf8)
      let connection = try HTTPConnection(port: gatehouse.port)
      for _ in 0..<2 {
        var rest = bytes[...]
        while !rest.isEmpty {
          try connection.send(Array(rest.prefix(size)))
          rest = rest.dropFirst(size)
        }
        try expectAnswers(connection)
      }
    }
  }

  @Test("get them also one request after the other, and a byte of the next one along with each")
  func overlapping() async throws {
    try await withEcho { (gatehouse: GatehouseProcess, _: EchoUpstream) throws in
      let connection = try HTTPConnection(port: gatehouse.port)
      var hasSentFirst = false
      for (number, request) in Self.mixed.enumerated() {
        let next = number + 1 < Self.mixed.count ? Self.mixed[number + 1].text : ""
        try connection.send(String(request.text.dropFirst(hasSentFirst ? 1 : 0)) + next.prefix(1))
        hasSentFirst = true
        let answer = try connection.receive(isHead: request.isHead)
        #expect(answer.status == request.status, "request \(number)")
        #expect(answer.header("x-request-id") == "request-\(number)")
      }
    }
  }

  @Test("end after `Connection: close`, and nothing behind it is answered", arguments: [false, true])
  func close(inBytes: Bool) async throws {
    try await withEcho { (gatehouse: GatehouseProcess, upstream: EchoUpstream) throws in
      let text = call("/a") + call("/b", "GET", "Connection: close\r\n") + call("/c")
      let connection = try HTTPConnection(port: gatehouse.port)
      for byte in inBytes ? Array(text.utf8) : [] { try connection.send([byte]) }
      if !inBytes { try connection.send(text) }
      #expect(try connection.receive().status == 200)
      #expect(try connection.receive().json.value(at: "path")?.string == "/b")
      #expect(connection.receiveAll() == 0)
      #expect(upstream.requests.map(\.path) == ["/a", "/b"])
    }
  }

  @Test("go on behind `Proxy-Connection: close`, which does not reach the server", arguments: [false, true])
  func proxyConnection(inBytes: Bool) async throws {
    let upstream = try EchoUpstream()
    defer { upstream.stop() }
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      let allowed: JSONObject = ["api_allowed_headers": ["proxy-connection", "x-upstream"]]
      try gatehouse.createAPI("test", servers: [upstream.url], token: gatehouse.logIn(), allowed)
      let connection = try HTTPConnection(port: gatehouse.port)
      let text = call("/a", "GET", "Proxy-Connection: close\r\n")
      for _ in 0..<2 {
        for byte in inBytes ? Array(text.utf8) : [] { try connection.send([byte]) }
        if !inBytes { try connection.send(text) }
        let answer = try connection.receive()
        #expect(answer.status == 200 && answer.header("connection") == nil)
      }
      #expect(upstream.requests.count == 2 && upstream.requests.allSatisfy { $0["proxy-connection"] == nil })
    }
  }

  @Test("of HTTP/1.0 end after one answer, without chunks", arguments: [false, true])
  func olderVersion(inBytes: Bool) async throws {
    try await withEcho { (gatehouse: GatehouseProcess, _: EchoUpstream) throws in
      let text = call("/a").replacing("HTTP/1.1", with: "HTTP/1.0")
      let connection = try HTTPConnection(port: gatehouse.port)
      for byte in inBytes ? Array(text.utf8) : [] { try connection.send([byte]) }
      if !inBytes { try connection.send(text) }
      let answer = connection.receiveText()
      #expect(answer.hasPrefix("HTTP/1.1 200 ") && answer.lowercased().contains("connection: close\r\n"))
      #expect(answer.hasSuffix("}"))
      #expect(!answer.lowercased().contains("transfer-encoding"))
    }
  }

  @Test("whose clients have sent all get the answers to all", arguments: [false, true])
  func halfClosed(inBytes: Bool) async throws {
    try await withEcho { (gatehouse: GatehouseProcess, _: EchoUpstream) throws in
      let connection = try HTTPConnection(port: gatehouse.port)
      let bytes = Array(Self.mixed.map(\.text).joined().utf8)
      for byte in inBytes ? bytes : [] { try connection.send([byte]) }
      if !inBytes { try connection.send(bytes) }
      connection.finishSending()
      try expectAnswers(connection)
      #expect(connection.receiveAll() == 0)
      let single = try HTTPConnection(port: gatehouse.port)
      try single.send(call("/a"))
      single.finishSending()
      #expect(try single.receive().status == 200)
      #expect(single.receiveAll() == 0)
    }
  }

  @Test("answer for a body that can't be read in its turn, and calls before it are not disturbed")
  func faultBehindCalls() async throws {
    try await withEcho { (gatehouse: GatehouseProcess, _: EchoUpstream) throws in
      let bad = "Transfer-Encoding: chunked\r\n"
      for way in ["", "Connection: x-long-way\r\n"] {
        for last in [call("/c", "POST", bad), call("/c", "POST", bad).replacing("/api/rest/test/v1/c", with: "/none")] {
          let connection = try HTTPConnection(port: gatehouse.port)
          try connection.send(call("/a", "GET", way) + call("/b", "GET", way) + last + "3\r\nabcX")
          #expect(try connection.receive().json.value(at: "path")?.string == "/a", "'\(way)'")
          #expect(try connection.receive().json.value(at: "path")?.string == "/b", "'\(way)'")
          let refused = try connection.receive()
          #expect(refused.status == 400 || refused.status == 404, "'\(way)' \(refused.text)")
          #expect(connection.receiveAll() == 0)
        }
      }
    }
  }

  @Test("whose clients leave in a body, behind a request or after an early answer, are closed at once")
  func leftInBody() async throws {
    let server = try ScriptedServer(UpstreamScripts.run)
    defer { server.stop() }
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      try gatehouse.createAPI("test", servers: [server.url], token: gatehouse.logIn())
      let descriptors = try gatehouse.openDescriptors()
      for fields in ["Content-Length: 100\r\n", "Connection: x-long-way\r\nContent-Length: 100\r\n"] {
        for first in [call("/good"), "GET /api/health HTTP/1.1\r\nHost: x\r\n\r\n"] {
          let connection = try HTTPConnection(port: gatehouse.port)
          try connection.send(first + call("/good", "POST", fields) + "abc")
          connection.finishSending()
          #expect(try connection.receive().status == 200)
          #expect(try connection.receive().code == "GTW400")
          #expect(connection.isClosedByServer())
        }
        let early = try HTTPConnection(port: gatehouse.port)
        try early.send(call("/early", "POST", fields) + "abc")
        #expect(try early.receive().text == "good")
        early.finishSending()
        #expect(early.isClosedByServer())
      }
      server.closeConnections()
      #expect(try eventually { try gatehouse.openDescriptors() <= descriptors ? true : nil } == true)
    }
  }

  @Test("let clients wait for `100 Continue`, and end when the request is refused before", arguments: [false, true])
  func expectations(inBytes: Bool) async throws {
    try await withEcho { (gatehouse: GatehouseProcess, _: EchoUpstream) throws in
      let fields = "Expect: 100-continue\r\n\(inBytes ? "Connection: x-long-way\r\n" : "")Content-Length: 4\r\n"
      let connection = try HTTPConnection(port: gatehouse.port)
      for _ in 0..<2 {
        try connection.send(call("/a", "POST", fields))
        #expect(try connection.receive().status == 100)
        try connection.send("body")
        let answer = try connection.receive()
        #expect(answer.status == 200 && answer.json.value(at: "body")?.string == "body")
        #expect(answer.json.object?["headers"]?.object?["expect"] == nil)
      }
      try connection.send(call("/a/b", "POST", fields))
      let refused = try connection.receive()
      #expect(refused.status == 404 && refused.header("connection") == "close")
      #expect(connection.receiveAll() == 0)
      // A client need not wait.
      let hasty = try HTTPConnection(port: gatehouse.port)
      try hasty.send(call("/a", "POST", fields) + "body" + call("/b"))
      var answer = try hasty.receive()
      if answer.status == 100 { answer = try hasty.receive() }
      #expect(answer.json.value(at: "body")?.string == "body")
      #expect(try hasty.receive().json.value(at: "path")?.string == "/b")
    }
  }

  @Test("let clients of the platform wait for `100 Continue`, too, unless the request is refused before")
  func expectationsOfPlatform() async throws {
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      let token = try gatehouse.logIn()
      let head = { (path: String, fields: String, length: Int) in
        "POST \(path) HTTP/1.1\r\nHost: x\r\n\(fields)Expect: 100-continue\r\nContent-Length: \(length)\r\n\r\n"
      }
      let login = "Authorization: Bearer \(token)\r\n"
      let connection = try HTTPConnection(port: gatehouse.port)
      for name in ["one", "two"] {
        let body = "{\"group_name\": \"\(name)\"}"
        try connection.send(head("/platform/group", login, body.utf8.count))
        #expect(try connection.receive().status == 100)
        try connection.send(body)
        #expect(try connection.receive().status == 201)
      }
      for (path, fields, length, status) in [
        ("/platform/group", "", 100, 401), ("/platform/group", login, 2_000_000, 413),
        ("/platform/none", login, 9, 404),
        ("/platform/monitor/liveness", "", 9, 405),
      ] {
        let refused = try HTTPConnection(port: gatehouse.port)
        try refused.send(head(path, fields, length))
        let answer = try refused.receive()
        #expect(answer.status == status && answer.header("connection") == "close", "\(path): \(answer.status)")
        #expect(refused.receiveAll() == 0, "\(path)")
      }
    }
  }

  @Test("do not change their protocol", arguments: ["websocket", "h2c"])
  func upgrades(name: String) async throws {
    try await withEcho { (gatehouse: GatehouseProcess, upstream: EchoUpstream) throws in
      let connection = try HTTPConnection(port: gatehouse.port)
      try connection.send(call("/a", "GET", "Connection: Upgrade\r\nUpgrade: \(name)\r\n"))
      let answer = try connection.receive()
      #expect(answer.status == (name == "h2c" ? 200 : 403))
      #expect(answer.header("connection") == "close")
      #expect(connection.receiveAll() == 0)
      #expect(upstream.requests.allSatisfy { $0["upgrade"] == nil && $0["connection"] == nil })
    }
  }
}
