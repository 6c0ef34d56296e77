import JSON
import TestSupport
import Testing

@Suite("Answers of servers that are passed on")
struct UpstreamAnswerTests {
  private struct Answer: Sendable {
    let fields: [String: String]
    let body: String

    init(_ fields: [String: String] = [:], body: String = "") {
      (self.fields, self.body) = (fields, body)
    }

    func text(_ status: Int) -> String {
      let lines = fields.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)\r\n" }.joined()
      return "HTTP/1.1 \(status) X\r\n\(lines)content-length: \(body.utf8.count)\r\n\r\n\(body)"
    }
  }

  private static let answers: [Int: Answer] = [
    201: Answer(["location": "/orders/7"], body: "made"), 202: Answer(body: "later"),
    203: Answer(["content-type": "text/plain"], body: "changed"), 205: Answer(),
    206: Answer(["content-range": "bytes 0-3/9", "content-type": "a/b"], body: "part"),
    300: Answer(["location": "/a"], body: "choose"),
    301: Answer(["location": "https://other.example/a?b=%2F&c=1#d"], body: "moved"),
    302: Answer(["location": "/login?to=%2Forders%2F7", "cache-control": "no-store"]),
    303: Answer(["location": "../done"]), 307: Answer(["location": "//other.example/"], body: "there"),
    308: Answer(["location": "http://127.0.0.1:1/"]),
    400: Answer(["content-type": "application/json"], body: "{ \"a\" : [ 1.0 ] }"),
    401: Answer(["www-authenticate": "Bearer realm=\"a\", error=\"b\""], body: "who"),
    405: Answer(["allow": "GET, PUT"]), 409: Answer(body: "<b>conflict</b>"),
    429: Answer(["retry-after": "7"], body: "slowly"), 503: Answer(["retry-after": "8"], body: "down"),
  ]

  private func withAnswers(_ body: (GatehouseProcess, ScriptedServer) throws -> Void) async throws {
    let server = try ScriptedServer { connection in
      while let head = connection.receiveHead() {
        let echo = Answer(["x-upstream": head["x-upstream"] ?? "none"], body: "echo")
        let status = Int(head.path.dropFirst()) ?? 200
        guard connection.send((Self.answers[status] ?? echo).text(status)) else { return }
      }
    }
    defer { server.stop() }
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      try gatehouse.createAPI("test", servers: [server.url], token: gatehouse.logIn())
      try body(gatehouse, server)
    }
  }

  @Test("have the server's status, body and fields, redirects too: the gateway follows none")
  func statuses() async throws {
    try await withAnswers { (gatehouse: GatehouseProcess, server: ScriptedServer) throws in
      for (status, expected) in Self.answers.sorted(by: { $0.key < $1.key }) {
        // The direct way and the one through the decoder.
        for fields in ["", "Connection: x-long-way\r\n"] {
          let before = server.count(of: "/\(status)")
          let connection = try HTTPConnection(port: gatehouse.port)
          try connection.send(call("/\(status)", "GET", fields))
          let answer = try connection.receive()
          #expect(answer.status == status && answer.text == expected.body, "\(answer.status) \(answer.text)")
          #expect(answer.header("content-length") == "\(expected.body.utf8.count)", "\(status)")
          for (name, value) in expected.fields { #expect(answer.headers(name) == [value], "\(status)") }
          #expect(server.count(of: "/\(status)") == before + 1, "\(status)")
        }
      }
    }
  }

  @Test(
    "have the values of listed fields unchanged, as the requests to the server have",
    arguments: ["<b>q</b>z", "a && b; \"c\""])
  func markup(value: String) async throws {
    try await withAnswers { (gatehouse: GatehouseProcess, server: ScriptedServer) throws in
      let answer = try gatehouse.send("GET", "/api/rest/test/v1/echo", headers: ["X-Upstream": value])
      #expect(server.requests.last?["x-upstream"] == value)
      #expect(answer.header("x-upstream") == value && answer.text == "echo")
    }
  }

  @Test("keep their length, whatever the server's Connection lists", arguments: ["", "Connection: x-a\r\n"])
  func listedLength(way: String) async throws {
    let text = """
      HTTP/1.1 200 OK\r\nConnection: Content-Length, x-upstream\r\nX-Upstream: a\r\nContent-Length: 4\r\n\r\ngood
      """
    let server = try ScriptedServer { connection in
      while connection.receiveHead() != nil, connection.send(text) {}
    }
    defer { server.stop() }
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      try gatehouse.createAPI("test", servers: [server.url], token: gatehouse.logIn())
      let connection = try HTTPConnection(port: gatehouse.port)
      for _ in 0..<2 {
        try connection.send(call("/a", "GET", way))
        let answer = try connection.receive()
        #expect(answer.text == "good" && answer.header("content-length") == "4")
        #expect(answer.header("x-upstream") == nil)
      }
    }
  }
}
