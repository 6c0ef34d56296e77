import Foundation
import JSON
import TestSupport
import Testing

@Suite("Clients of the data plane that do things wrong")
struct BadClientTests {
  /// Starts a gateway with an API `test`, whose server tells what it got.
  private func withEcho(
    _ settings: [String: String] = [:], _ body: (GatehouseProcess, EchoUpstream) async throws -> Void
  ) async throws {
    let upstream = try EchoUpstream()
    defer { upstream.stop() }
    try await withGatehouse(settings) { (gatehouse: GatehouseProcess) async throws in
      try gatehouse.createAPI("test", servers: [upstream.url], token: gatehouse.logIn())
      try await body(gatehouse, upstream)
      #expect(try gatehouse.send("GET", "/api/rest/test/v1/end").status == 200)
      #expect(!gatehouse.log.contains("request failed"))
    }
  }

  /// Sends bytes in one piece, or each byte by itself, so that the request goes the way of the decoder.
  private func send(_ text: String, inBytes: Bool, on connection: HTTPConnection) {
    guard inBytes else { return connection.sendAll(text) }
    for byte in Array(text.utf8) where (try? connection.send([byte])) == nil { return }
  }

  // MARK: Smuggling

  private static let line = "POST /api/rest/test/v1/a HTTP/1.1\r\nHost: x\r\n"
  private static let get = "GET /api/rest/test/v1/a HTTP/1.1\r\nHost: x\r\n"
  private static let smuggled = "GET /api/rest/test/v1/smuggled HTTP/1.1\r\nHost: x\r\n\r\n"

  private static let refused = [
    "CL.TE": line + "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG",
    "TE.CL": line + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n5c\r\n\(smuggled)\r\n0\r\n\r\n",
    "TE.TE x": line + "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n",
    "TE.TE identity": line + "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "TE list": line + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "TE xchunked": line + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "TE vertical tab": line + "Transfer-Encoding: \u{B}chunked\r\n\r\n0\r\n\r\n",
    "TE space before colon": line + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "TE quoted": line + "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n",
    "TE folded": line + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "TE behind bare LF": line + "X: X\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "TE of HTTP/1.0": "POST /api/rest/test/v1/a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "CL twice": line + "Content-Length: 0\r\nContent-Length: 50\r\n\r\n",
    "CL twice equal": line + "Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
    "CL list": line + "Content-Length: 0, 50\r\n\r\n",
    "CL sign": line + "Content-Length: +0\r\n\r\n",
    "CL negative": line + "Content-Length: -1\r\n\r\n",
    "CL hexadecimal": line + "Content-Length: 0x10\r\n\r\n",
    "CL inner space": line + "Content-Length: 1 0\r\n\r\n",
    "CL space before colon": line + "Content-Length : 0\r\n\r\n",
    "bare LF": "GET /api/rest/test/v1/a HTTP/1.1\nHost: x\n\n",
    "bare LF in head": get + "X: y\n\r\n",
    "bare CR": get + "X: y\rZ: a\r\n\r\n",
    "obs-fold": get + "X: y\r\n z\r\n\r\n",
    "obs-fold first": "GET /api/rest/test/v1/a HTTP/1.1\r\n Host: x\r\n\r\n",
    "space before colon": get + "X : y\r\n\r\n",
    "no name": get + ": y\r\n\r\n",
    "no colon": get + "X\r\n\r\n",
    "NUL in value": get + "X: a\u{0}b\r\n\r\n",
    "NUL in target": "GET /api/rest/test/v1/a\u{0}b HTTP/1.1\r\nHost: x\r\n\r\n",
    "two Hosts": get + "Host: y\r\n\r\n",
    "no Host": "GET /api/rest/test/v1/a HTTP/1.1\r\n\r\n",
    "version": "GET /api/rest/test/v1/a HTTP/1.2\r\nHost: x\r\n\r\n",
    "version in small letters": "GET /api/rest/test/v1/a http/1.1\r\nHost: x\r\n\r\n",
    "HTTP/0.9": "GET /api/rest/test/v1/a\r\n\r\n",
    "space in target": "GET /api/rest/test/v1/a b HTTP/1.1\r\nHost: x\r\n\r\n",
    "fragment": "GET /api/rest/test/v1/a#b HTTP/1.1\r\nHost: x\r\n\r\n",
    "chunk size": line + "Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n",
    "chunk sign": line + "Transfer-Encoding: chunked\r\n\r\n+1\r\na\r\n0\r\n\r\n",
    "chunk overflow": line + "Transfer-Encoding: chunked\r\n\r\n100000000000000000\r\na\r\n0\r\n\r\n",
    "chunk bare LF": line + "Transfer-Encoding: chunked\r\n\r\n1\na\n0\n\n",
    "chunk extension with LF": line + "Transfer-Encoding: chunked\r\n\r\n1;a\nb\r\na\r\n0\r\n\r\n",
    "chunk longer": line + "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
  ]

  @Test("can't hide a request in another one", arguments: [false, true])
  func smuggling(inBytes: Bool) async throws {
    try await withEcho { (gatehouse: GatehouseProcess, upstream: EchoUpstream) async throws in
      for (name, text) in Self.refused.sorted(by: { $0.key < $1.key }) {
        let connection = try HTTPConnection(port: gatehouse.port)
        send(text + Self.smuggled, inBytes: inBytes, on: connection)
        let answer = try? connection.receive()
        #expect([400, 501, 505].contains(answer?.status ?? 0), "\(name): \(answer?.status ?? 0)")
        #expect(["GTW400", "GTW501"].contains(answer?.code), "\(name): \(answer?.text ?? "no answer")")
        #expect(connection.isClosedByServer(), "\(name)")
      }
      #expect(upstream.requests.filter { $0.path == "/smuggled" }.isEmpty)
    }
  }

  @Test("have their bodies taken for what they are, however they look", arguments: [false, true])
  func bodies(inBytes: Bool) async throws {
    try await withEcho { (gatehouse: GatehouseProcess, upstream: EchoUpstream) async throws in
      let connection = try HTTPConnection(port: gatehouse.port)
      for (fields, body, expected) in [
        ("Content-Length: \(Self.smuggled.utf8.count)", Self.smuggled, Self.smuggled),
        ("Transfer-Encoding: chunked", "1;a=b;c=\"d\"\r\na\r\n0002\r\nbc\r\n0;x\r\nX-T: 1\r\n\r\n", "abc"),
        ("Transfer-Encoding:\tchunked", "0\r\n\r\n", ""), ("transfer-encoding: Chunked", "1\r\na\r\n0\r\n\r\n", "a"),
        ("Content-Length: 007", "bodyful", "bodyful"), ("Content-Length:1", "b", "b"),
      ] {
        send(Self.line + fields + "\r\n\r\n" + body, inBytes: inBytes, on: connection)
        let answer = try connection.receive()
        #expect(answer.json.value(at: "body")?.string == expected, "\(fields): \(answer.text)")
        #expect(answer.json.value(at: "headers.x-t") == nil)
      }
      #expect(upstream.requests.filter { $0.path == "/smuggled" }.isEmpty)
    }
  }

  // MARK: Paths

  @Test("get through only paths that mean one thing, and the server gets what was checked")
  func paths() async throws {
    try await withEcho { (gatehouse: GatehouseProcess, upstream: EchoUpstream) async throws in
      let root = "/api/rest/test/v1"
      let refused = [
        "/a/../b", "/..", "/.", "/a/.", "/%2e%2e", "/.%2e", "/%2E./a", "/..;a=b", "/a/..;/b", "/a%2fb", "/a%2Fb",
        "/..%2f..", "/%", "/%4", "/%zz", "/%00", "/%0a", "/%0d%0aX:y", "/a%5cb", "/a\\b", "/%7f", "/%252e%252e/x/..",
      ]
      for path in refused {
        let answer = try gatehouse.send("GET", root + path)
        #expect(answer.status == 400 && answer.code == "GTW400", "\(path): \(answer.status)")
      }
      #expect(upstream.requests.isEmpty)
      let taken = [
        "/a": "/a", "//a": "/a", "/a/": "/a", "/a//": "/a", "/%61": "/a", "/a%20b": "/a%20b", "/a;b=c": "/a;b=c",
        "/%c3%a9": "/%C3%A9", "/a?b=../c%2f&b=%zz&&": "/a?b=../c%2f&b=%zz&&", "/a?": "/a?", "/a??": "/a??",
        "/%252e%252e": "/%252e%252e", "/...": "/...", "/a..b": "/a..b", "/.a": "/.a", "/a+b": "/a+b",
        "/a%2Bb": "/a%2Bb", "/%7Ea": "/~a", "/a%3Bb": "/a%3Bb",
      ]
      for (path, expected) in taken.sorted(by: { $0.key < $1.key }) {
        let answer = try gatehouse.send("GET", root + path)
        #expect(answer.json.value(at: "path")?.string == expected, "\(path): \(answer.status) \(answer.text)")
      }
      for path in ["/API/rest/test/v1/a", "/api/REST/test/v1/a", "/api//rest/test/v1/a", "/api/%72est/test/v1/a"] {
        #expect(try gatehouse.send("GET", path).status == 404, "\(path)")
      }
      for (path, code) in [
        ("/api/rest/", "GTW001"), ("/api/rest/test", "GTW001"), ("/api/rest/test/v1", "GTW003"),
        ("/api/rest/test/V1/a", "GTW001"), ("/api/rest/test/v1/a/b", "GTW003"), ("/api/rest/t%65st/v1/", "GTW003"),
      ] {
        #expect(try gatehouse.send("GET", path).code == code, "\(path)")
      }
      let absolute = try gatehouse.send("GET", "http://other.example\(root)/a?b")
      #expect(absolute.json.value(at: "path")?.string == "/a?b")
      #expect(absolute.json.object?["headers"]?.object?["x-forwarded-host"]?.string == "other.example")
    }
  }

  // MARK: Heads

  @Test("that send heads without measure are refused, and nobody else notices")
  func headerBombs() async throws {
    try await withEcho { (gatehouse: GatehouseProcess, _: EchoUpstream) async throws in
      let fields = (0..<90).map { "X-\($0): \($0)\r\n" }.joined()
      #expect(try gatehouse.send("GET", "/api/rest/test/v1/a", headers: ["Y": "z"]).status == 200)
      let many = try HTTPConnection(port: gatehouse.port)
      try many.send(call("/a", "GET", fields))
      #expect(try many.receive().status == 200)
      let memory = try gatehouse.residentMemory()
      let bombs = [
        String(repeating: "A: b\r\n", count: 100_000), "A: \(String(repeating: "a", count: 5_000_000))\r\n",
        String(repeating: "A", count: 5_000_000) + ": b\r\n",
        (0..<100_000).map { "X-\($0): \($0)\r\n" }.joined(),
      ]
      for bomb in bombs {
        let connection = try HTTPConnection(port: gatehouse.port)
        connection.sendAll(call("/a", "GET", bomb))
        if let answer = try? connection.receive() { #expect(answer.status == 431) }
        #expect(connection.isClosedByServer())
        #expect(try gatehouse.send("GET", "/api/rest/test/v1/a").status == 200)
      }
      let long = try HTTPConnection(port: gatehouse.port)
      long.sendAll("GET /api/rest/test/v1/\(String(repeating: "a", count: 5_000_000)) HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(long.isClosedByServer())
      #expect(try gatehouse.residentMemory() < memory + 30_000_000)
    }
  }

  @Test("get no field of the gateway or of the connection to the server", arguments: [false, true])
  func fields(inBytes: Bool) async throws {
    try await withEcho { (gatehouse: GatehouseProcess, _: EchoUpstream) async throws in
      let connection = try HTTPConnection(port: gatehouse.port)
      let fields = [
        "X-Doorman-User: admin", "X-User-Email: a@example.com", "X-Forwarded-For: 1.2.3.4", "Forwarded: for=1.2.3.4",
        "X-Forwarded-Proto: https", "Proxy-Authorization: Basic a", "TE: trailers", "Keep-Alive: 5", "Trailer: X-T",
        "Proxy-Connection: keep-alive", "Cookie: a=b", "Accept: text/plain", "X-API-Key: k", "Via: 1.0 elsewhere",
        "Connection: keep-alive",
      ]
      send(call("/a", "GET", fields.map { $0 + "\r\n" }.joined()), inBytes: inBytes, on: connection)
      let headers = try connection.receive().json.object?["headers"]?.object
      let names = Set((headers?.members ?? []).map(\.key))
      #expect(
        names == [
          "host", "accept", "via", "x-request-id", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host",
          "traceparent",
        ])
      #expect(headers?["x-forwarded-for"]?.string == "127.0.0.1")
      #expect(headers?["x-forwarded-proto"]?.string == "http")
      #expect(headers?["via"]?.string?.hasPrefix("1.0 elsewhere, 1.1 gatehouse-") == true)
      let listed = try HTTPConnection(port: gatehouse.port)
      send(
        call("/a", "GET", "Connection: accept, user-agent\r\nAccept: a/b\r\nUser-Agent: u\r\n"), inBytes: inBytes,
        on: listed)
      let others = try listed.receive().json.object?["headers"]?.object
      #expect(others?["accept"] == nil && others?["user-agent"] == nil)
    }
  }

  @Test("that stop reading an answer lose their connection, and the server is rid of the call")
  func deaf() async throws {
    let server = try ScriptedServer(UpstreamScripts.run)
    defer { server.stop() }
    // The server is not blamed for the client.
    try await withGatehouse(["HTTP_READ_TIMEOUT": "300"]) { (gatehouse: GatehouseProcess) async throws in
      try gatehouse.createAPI("test", servers: [server.url], token: gatehouse.logIn())
      let connections = try ["", "Connection: x-long-way\r\n"].map { (fields: String) throws -> HTTPConnection in
        let connection = try HTTPConnection(port: gatehouse.port)
        try connection.send(call("/endless-body", "GET", fields))
        #expect(connection.receiveSome(1000) > 0)
        return connection
      }
      #expect(server.open == 2)
      let old = try HTTPConnection(port: gatehouse.port)
      try old.send(call("/endless-body").replacing("HTTP/1.1", with: "HTTP/1.0"))
      #expect(old.receiveSome(1000) > 0)
      // A client has 10 seconds to take a part of its answer.
      #expect(eventually(within: .seconds(60)) { server.open == 0 ? true : nil } == true)
      for connection in connections { #expect(connection.isClosedByServer()) }
      #expect(old.isReset(), "nothing else tells that the answer is not whole")
      #expect(try gatehouse.send("GET", "/api/rest/test/v1/good").text == "good")
    }
  }

  @Test("do not make the gateway call itself without end")
  func loop() async throws {
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      let own = "http://127.0.0.1:\(gatehouse.port)/api/rest/test/v1"
      try gatehouse.createAPI("test", servers: [own], token: gatehouse.logIn())
      for method in ["GET", "POST"] {
        let answer = try gatehouse.send(method, "/api/rest/test/v1/a", raw: Array("{}".utf8))
        #expect(answer.status == 508 && answer.code == "GTW508")
      }
    }
  }
}

extension HTTPConnection {
  /// Sends text to a server that may close the connection meanwhile.
  func sendAll(_ text: String) { try? send(text) }
}
