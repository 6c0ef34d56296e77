import JSON
import TestSupport
import Testing

@Suite("Requests that are no valid HTTP")
struct FramingTests {
  private static let get = "GET /api/health HTTP/1.1\r\n"
  private static let post = "POST /platform/authorization HTTP/1.1\r\nHost: x\r\n"
  private static let chunked = post + "Transfer-Encoding: chunked\r\n\r\n"

  /// Sends each text on a connection of its own, and expects one answer in our envelope, and the end of the connection.
  /// A method that is refused has no code.
  private func expectRefusals(_ texts: [String], status: Int = 400, prefix: String = "") async throws {
    let code: String? = status == 405 ? nil : status < 500 ? "GTW400" : "GTW501"
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      for text in texts {
        let connection = try HTTPConnection(port: gatehouse.port)
        try connection.send(text)
        let answer = try connection.receive()
        #expect(answer.status == status, "\(text.debugDescription)")
        #expect(answer.code == code, "\(text.debugDescription)")
        #expect(answer.header("connection") == "close", "\(text.debugDescription)")
        #expect(connection.isClosedByServer(), "\(text.debugDescription)")
      }
      #expect(try gatehouse.send("GET", "/api/health").status == 200)
      #expect(!gatehouse.log.contains("request failed"))
    }
  }

  private func expectAnswers(_ texts: [String], status: Int = 200) async throws {
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      for text in texts {
        let connection = try HTTPConnection(port: gatehouse.port)
        try connection.send(text)
        #expect(try connection.receive().status == status, "\(text.debugDescription)")
      }
    }
  }

  @Test("without one valid Host are refused")
  func hosts() async throws {
    let values = [
      "", " ", "a b", "a/b", "a, b", "a,b", "u@h", "a:65536", "a:99999999999999999999", "a:x", "a:-1", "a:80:80",
      "[::1",
      "[]", "[x]", "[127.0.0.1]", "[fe80::1%25eth0]", "::1", ":80", "\u{E9}", "a%zz", "a%2", "a?b", "a#b", "a\\b",
      "\"a\"",
      "[::1]x", "http://a",
    ]
    let fields = [""] + values.map { "Host: \($0)\r\n" } + ["Host: a\r\nHost: b\r\n", "Host: a\r\nhost: a\r\n"]
    try await expectRefusals(fields.map { Self.get + $0 + "\r\n" } + ["GET /api/health HTTP/1.0\r\nHost: a b\r\n\r\n"])
  }

  @Test("with a valid Host, or none in HTTP/1.0, are answered")
  func validHosts() async throws {
    let values = ["a", "a.b.example", "a:80", "a:", "a:65535", "[::1]", "[::1]:80", "127.0.0.1:5001", "a_b", "%41"]
    try await expectAnswers(
      values.map { Self.get + "Host: \($0)\r\n\r\n" } + ["GET /api/health HTTP/1.0\r\n\r\n"])
  }

  @Test("with chunks that are not valid are refused at once")
  func chunks() async throws {
    let bodies = [
      "8000000000000000\r\n", "ffffffffffffffff\r\nx", "10000000000000000\r\n", "7fffffffffffffff\r\n", "-1\r\n",
      "0x2\r\n{}\r\n0\r\n\r\n", "\r\n", "+2\r\n{}\r\n0\r\n\r\n", "2\n{}\n0\n\n", "2\r\n{}xx\r\n0\r\n\r\n",
      "2\r\n{}\n0\r\n\r\n", "2\r\n{}\r\n0\r\nX y\r\n\r\n", "g\r\n", ";a\r\n",
      "2;\(String(repeating: "a", count: 5000))",
      "00000000000000002\r\n{}\r\n0\r\n\r\n", "2\r\r\n{}\r\n0\r\n\r\n",
    ]
    try await expectRefusals(bodies.map { Self.chunked + $0 })
  }

  @Test("with a length that is not valid are refused")
  func lengths() async throws {
    let fields = [
      "Content-Length: 9223372036854775808", "Content-Length: 99999999999999999999999", "Content-Length: -2",
      "Content-Length: +2", "Content-Length: 0x2", "Content-Length: 2, 2", "Content-Length: 2\r\nContent-Length: 3",
      "Content-Length:", "Content-Length: 2\r\nTransfer-Encoding: chunked",
    ]
    try await expectRefusals(fields.map { Self.post + $0 + "\r\n\r\n{}" })
  }

  @Test(
    "with a transfer coding that nobody decodes are refused",
    arguments: [
      ("gzip", 501), ("xchunked", 501), ("chun ked", 501), ("gzip, chunked", 501), ("chunked, gzip", 400),
      ("identity", 501),
      ("chunked;a=b", 501), ("chunked, chunked", 400), ("chunked\r\nTransfer-Encoding: chunked", 400),
    ])
  func codings(coding: String, status: Int) async throws {
    try await expectRefusals([Self.post + "Transfer-Encoding: \(coding)\r\n\r\n0\r\n\r\n"], status: status)
  }

  @Test("of HTTP/1.0 with a transfer coding are refused")
  func olderCodings() async throws {
    try await expectRefusals([
      "POST /platform/authorization HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    ])
  }

  @Test("with a target that is none are refused")
  func targets() async throws {
    let targets = [
      "*", "foo", "/api/health#a", "ftp://x/api/health", "http:///api/health", "http://u@x/", "http://x:99999/",
    ]
    try await expectRefusals(targets.map { "GET \($0) HTTP/1.1\r\nHost: x\r\n\r\n" })
    try await expectRefusals(["CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n"], status: 405)
  }

  @Test("differ from those with an absolute target, whose authority wins, and those about the whole server")
  func validTargets() async throws {
    try await expectAnswers(
      ["http://x/api/health", "HTTP://y:80/api/health?a=b", "https://y/api/health"].map {
        "GET \($0) HTTP/1.1\r\nHost: x\r\n\r\n"
      })
    try await expectAnswers(
      ["OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "OPTIONS http://x HTTP/1.1\r\nHost: x\r\n\r\n"], status: 204)
  }

  @Test("differ from those that ask for another protocol: they are answered in this one, and the connection ends")
  func upgrades() async throws {
    let fields = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"
    let body = #"{"email": "nobody", "password": "none"}"#
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      for (text, status) in [
        ("\(Self.get)Host: x\r\n\(fields)\r\n", 200),
        ("\(Self.get)Host: x\r\n\r\n\(Self.get)Host: x\r\n\(fields)\r\n", 200),
        ("\(Self.post)\(fields)Content-Length: \(body.utf8.count)\r\n\r\n\(body)", 400),
      ] {
        let connection = try HTTPConnection(port: gatehouse.port)
        try connection.send(text)
        var answer = try connection.receive()
        if text.contains("\r\n\r\nGET") { answer = try connection.receive() }
        #expect(answer.status == status)
        #expect(answer.header("connection") == "close")
        #expect(connection.isClosedByServer())
      }
    }
  }

  @Test("whose head can't be read are refused")
  func heads() async throws {
    let host = Self.get + "Host: x\r\n"
    try await expectRefusals([
      "\u{16}\u{3}\u{1}\u{2}\r\n\r\n", "GET\r\n\r\n", "G\u{1}T / HTTP/1.1\r\n\r\n",
      host + ": v\r\n\r\n", host + "X Y: v\r\n\r\n", host + "foo\r\n\r\n", host + "X: a\u{0}b\r\n\r\n",
    ])
    try await expectRefusals([host + "X: \(String(repeating: "a", count: 20_000))\r\n\r\n"], status: 431)
    try await expectRefusals(["GET / HTTP/9.9\r\nHost: x\r\n\r\n"], status: 505)
  }

  @Test(
    "are answered after the requests before them, and nothing behind them is",
    arguments: [get + "\r\n", "nonsense\r\n\r\n", chunked + "x\r\n"])
  func order(bad: String) async throws {
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      let connection = try HTTPConnection(port: gatehouse.port)
      let good = { (id: String) in Self.get + "Host: x\r\nX-Request-ID: \(id)\r\n\r\n" }
      try connection.send(good("one") + good("two") + bad + good("three"))
      for id in ["one", "two"] { #expect(try connection.receive().header("x-request-id") == id) }
      #expect(try connection.receive().status == 400)
      #expect(connection.receiveAll() == 0)
    }
  }

  @Test("keep the answer that came before their body was read")
  func answeredBefore() async throws {
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      let connection = try HTTPConnection(port: gatehouse.port)
      try connection.send("POST /platform/group HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n")
      #expect(try connection.receive().status == 401)
      connection.sendAll("nonsense")
      #expect(connection.receiveAll() == 0)
    }
  }

  @Test("can't be told by a client to be taken for others")
  func spoofedField() async throws {
    try await expectAnswers([Self.get + "Host: x\r\nX-Gatehouse-Malformed: head\r\n\r\n"])
  }

  @Test("differ from chunks with extensions, trailers and any cut into pieces")
  func validChunks() async throws {
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      let text = Self.chunked + "1;a=b;c=\"d\"\r\n{\r\n01\r\n}\r\n000\r\nX: y\r\n\r\n" + Self.get + "Host: x\r\n\r\n"
      let whole = try HTTPConnection(port: gatehouse.port)
      try whole.send(text)
      let answer = try whole.receive()
      #expect(answer.code == "AUTH001")
      #expect(try whole.receive().status == 200)
      let pieces = try HTTPConnection(port: gatehouse.port)
      for byte in Array(text.utf8) { try pieces.send([byte]) }
      #expect(try pieces.receive().code == "AUTH001")
      #expect(try pieces.receive().status == 200)
    }
  }
}
