import Foundation
import JSON
import TestSupport
import Testing

@Suite("Answers of the gateway's own")
struct OwnAnswerTests {
  private func answer(_ line: String, _ gatehouse: GatehouseProcess, isHead: Bool = false) throws -> HTTPAnswer {
    let connection = try HTTPConnection(port: gatehouse.port)
    try connection.send("\(line) HTTP/1.1\r\nHost: x\r\n\r\n")
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
        #expect(wrong.status == 405 && wrong.header("allow")?.contains("GET") == true, "\(method): \(wrong.status)")
      }
      for (method, path, code) in [("GET", "/api/status", "GTW401"), ("DELETE", "/api/caches", "GTW998")] {
        for token in [nil, "garbage"] {
          let answer = try gatehouse.send(method, path, token: token)
          #expect(answer.status == 401 && answer.code == code, "\(path): \(answer.status) \(answer.text)")
        }
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
