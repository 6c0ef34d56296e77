import Foundation
import JSON
import TestSupport
import Testing

@Suite("Answers of the gateway's own")
struct OwnAnswerTests {
  private func answer(
    _ line: String, _ gatehouse: GatehouseProcess, _ fields: String = "", isHead: Bool = false
  ) throws -> HTTPAnswer {
    let connection = try HTTPConnection(port: gatehouse.port)
    try connection.send("\(line) HTTP/1.1\r\nHost: x\r\n\(fields)\r\n")
    return try connection.receive(isHead: isHead)
  }

  @Test("have the length of their JSON twice, as in Doorman, and failures of calls are kept by no cache")
  func lengths() async throws {
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      for path in ["/api/rest/none/v1/a", "/platform/none", "/platform/user/me", "/api/health"] {
        for method in ["GET", "HEAD"] {
          let answer = try answer("\(method) \(path)", gatehouse, isHead: method == "HEAD")
          let length = answer.header("x-body-length")
          #expect(length != nil && length == answer.header("content-length"), "\(method) \(path)")
          if method == "GET" { #expect(length == String(answer.body.count), "\(path)") }
          if path.hasPrefix("/api/rest") { #expect(answer.header("cache-control") == "no-store") }
        }
      }
    }
  }

  @Test("without content have no length")
  func noContent() async throws {
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      for line in ["OPTIONS *", "OPTIONS /api/rest/none/v1/a", "OPTIONS /api/caches"] {
        let answer = try answer(line, gatehouse, isHead: true)
        #expect(answer.status == 204, "\(line)")
        #expect(answer.header("content-length") == nil && answer.header("x-body-length") == nil, "\(line)")
      }
    }
  }

  @Test("say what a client may not do: use another method, or come without a token")
  func refusals() async throws {
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      for method in ["POST", "PUT", "DELETE"] {
        let wrong = try gatehouse.send(method, "/api/health", raw: Array("{}".utf8))
        #expect(wrong.status == 405 && wrong.header("allow") == "GET, HEAD", "\(method): \(wrong.status)")
      }
      for (method, path, code) in [("GET", "/api/status", "GTW401"), ("DELETE", "/api/caches", "GTW998")] {
        for token in [nil, "garbage"] {
          let answer = try gatehouse.send(method, path, token: token)
          #expect(answer.status == 401 && answer.code == code, "\(path): \(answer.status) \(answer.text)")
          #expect(answer.header("www-authenticate") == "Bearer", "\(path)")
        }
      }
    }
  }

  @Test("to methods that HTTP does not have are as those to wrong methods, in both envelopes", arguments: ["", "true"])
  func unknownMethods(strict: String) async throws {
    try await withGatehouse(["STRICT_RESPONSE_ENVELOPE": strict]) { (gatehouse: GatehouseProcess) async throws in
      let path = "/api/rest/none/v1/a"
      for line in ["get \(path)", "FOO \(path)", "CONNECT x:80", "TRACE \(path)", "TRACE /api/health"] {
        let answer = try answer(line, gatehouse)
        #expect(answer.status == 405, "\(line): \(answer.text)")
        #expect(answer.header("allow")?.hasPrefix("GET, HEAD") == true, "\(line)")
        #expect(answer.json.object?.keys == ["detail"], "\(line): \(answer.text)")
      }
    }
  }

  @Test("beside the calls to APIs depend on no origin, and those of the platform do")
  func origins() async throws {
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      let fields = "Origin: http://localhost:3000\r\n"
      for line in ["GET /api/health", "GET /api/status", "DELETE /api/caches", "GET /api/none", "PUT /api/health"] {
        let answer = try answer(line, gatehouse, fields)
        #expect(answer.headers("vary") == ["Accept-Encoding"], "\(line)")
        #expect(answer.headers.filter { $0.name.hasPrefix("access-control-") }.isEmpty, "\(line)")
      }
      for line in ["GET /platform/monitor/liveness", "GET /platform/user/me", "GET /platform/none"] {
        let answer = try answer(line, gatehouse, fields)
        #expect(answer.headers("vary") == ["Origin"], "\(line)")
        #expect(answer.header("access-control-allow-origin") == "http://localhost:3000", "\(line)")
      }
      let preflight = "Origin: https://evil.example.com\r\nAccess-Control-Request-Method: DELETE\r\n"
      let caches = try answer("OPTIONS /api/caches", gatehouse, preflight, isHead: true)
      #expect(caches.status == 204 && caches.header("allow") == "DELETE, OPTIONS")
      #expect(try answer("OPTIONS /platform/group", gatehouse, preflight).code == "CORS001")
    }
  }

  @Test("refuse a body that is declared too long before they look for a route or a login")
  func longBodies() async throws {
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      let length = "Content-Length: 2000000\r\n"
      for line in [
        "DELETE /api/caches", "POST /platform/api", "GET /api/health", "PUT /api/none", "POST /platform/none",
        "PUT /platform/group",
      ] {
        let answer = try answer(line, gatehouse, length)
        #expect(answer.status == 413 && answer.code == "REQ001", "\(line): \(answer.text)")
        #expect(answer.header("connection") == "close", "\(line)")
      }
      for (line, status) in [("PUT /platform/security/settings", 401), ("GET /platform/monitor/none", 404)] {
        #expect(try answer(line, gatehouse, length).status == status, "\(line)")
      }
    }
  }

  @Test("have the strict envelope where the settings say so, and answers of servers stay as they are")
  func strictEnvelope() async throws {
    let server = try ScriptedServer(UpstreamScripts.run)
    defer { server.stop() }
    try await withTemporaryDirectory { (root: URL) async throws in
      let dumps = root.appending(path: "generated")
      try await withGatehouse(dumps: dumps) { (gatehouse: GatehouseProcess) async throws in
        try gatehouse.createAPI("test", servers: [server.url], token: gatehouse.logIn())
        #expect(try gatehouse.stop() == 0)
      }
      try await withGatehouse(dumps: dumps, ["STRICT_RESPONSE_ENVELOPE": "true"]) {
        (gatehouse: GatehouseProcess) async throws in
        for (path, status, code) in [
          ("none/v1/a", 404, "GTW001"), ("test/v1/a/b", 404, "GTW003"), ("test/v1/close", 502, "GTW006"),
        ] {
          let answer = try gatehouse.send("GET", "/api/rest/\(path)")
          #expect(answer.status == 200 && answer.code == code, "\(path): \(answer.status) \(answer.text)")
          #expect(answer.json.value(at: "status_code") == .integer(status), "\(path)")
          #expect(answer.header("x-body-length") == String(answer.body.count), "\(path)")
        }
        let passed = try gatehouse.send("GET", "/api/rest/test/v1/good")
        #expect(passed.status == 200 && passed.text == "good")
      }
    }
  }
}
