import NIOCore
import Testing

@testable import Gateway

@Suite("The reader of simple request heads")
struct RequestHeadParserTests {
  private static let line = "GET /api/rest/orders/v1/items HTTP/1.1\r\n"
  private static let host = "Host: a\r\n"

  private func parsed(_ fields: String) -> RequestHead? { Heads.direct(Self.line + Self.host + fields + "\r\n") }

  @Test("finds method, target, fields and the end of the head")
  func parts() throws {
    let text =
      "POST /api/rest/o/v1?a=b HTTP/1.1\r\nHost: gw:8080\r\nX-Empty:\r\nX-Space: \t a b  \r\nContent-Length: 12\r\n\r\n"
    let head = try #require(Heads.direct(text + "body that follows"))
    #expect(head.method == .post)
    #expect(head.text(head.methodName) == "POST")
    #expect(head.targetText == "/api/rest/o/v1?a=b")
    #expect(head.fields.map { head.text($0.name) } == ["Host", "X-Empty", "X-Space", "Content-Length"])
    #expect(head.fields.map { head.text($0.value) } == ["gw:8080", "", "a b", "12"])
    #expect(head.contentLength == 12)
    #expect(!head.isChunked)
    #expect(head.minorVersion == 1)
    #expect(head.bytes.readableBytes == text.utf8.count)
  }

  @Test("knows the methods that the gateway forwards, and leaves others to the decoder")
  func methods() {
    let known: [(String, RequestHead.Method)] = [
      ("GET", .get), ("HEAD", .head), ("POST", .post), ("PUT", .put), ("PATCH", .patch), ("DELETE", .delete),
      ("OPTIONS", .options),
    ]
    for (name, method) in known {
      #expect(Heads.direct("\(name) /api/rest/o/v1 HTTP/1.1\r\nHost: a\r\n\r\n")?.method == method)
    }
    for name in ["get", "TRACE", "CONNECT", "GETS", "PROPFIND", "", "G T", "GE\tT"] {
      #expect(Heads.direct("\(name) /api/rest/o/v1 HTTP/1.1\r\nHost: a\r\n\r\n") == nil, "\(name)")
    }
  }

  @Test("needs the whole head", arguments: [0, 1, 3, 4, 29, 38, 39, 40, 48, 49, 50])
  func incomplete(length: Int) {
    let text = Self.line + Self.host + "\r\n"
    #expect(Heads.direct(String(decoding: text.utf8.prefix(length), as: UTF8.self)) == nil)
    #expect(Heads.direct(text) != nil)
  }

  @Test(
    "leaves a request line of another form to the decoder",
    arguments: [
      "GET /api/rest/o/v1 HTTP/1.0\r\n", "GET /api/rest/o/v1 HTTP/1.2\r\n", "GET /api/rest/o/v1 HTTP/2.0\r\n",
      "GET /api/rest/o/v1 http/1.1\r\n", "GET /api/rest/o/v1\r\n", "GET  /api/rest/o/v1 HTTP/1.1\r\n",
      "GET /api/rest/o/v1  HTTP/1.1\r\n", "GET /api/rest/o/v1 HTTP/1.1 \r\n", "GET\t/api/rest/o/v1 HTTP/1.1\r\n",
      "GET /api/rest/o/v1 HTTP/1.1\n", "GET /api/rest/o/v1 HTTP/1.1\r", "\r\nGET /api/rest/o/v1 HTTP/1.1\r\n",
      " GET /api/rest/o/v1 HTTP/1.1\r\n", "GET /api/rest/o/v1#x HTTP/1.1\r\n", "GET /api/rest/o/v1?a#x HTTP/1.1\r\n",
      "GET http://a/api/rest/o/v1 HTTP/1.1\r\n", "GET api/rest/o/v1 HTTP/1.1\r\n", "OPTIONS * HTTP/1.1\r\n",
      "GET /api/rest/o/v1\u{E9} HTTP/1.1\r\n", "GET /api/rest/o\u{1}/v1 HTTP/1.1\r\n",
      "GET /api/rest/o\u{7F}/v1 HTTP/1.1\r\n", "GET /api/rest/o\tx/v1 HTTP/1.1\r\n", "GET /platform/user HTTP/1.1\r\n",
      "GET /api/REST/o/v1 HTTP/1.1\r\n", "GET /api/rest HTTP/1.1\r\n",
    ])
  func requestLines(line: String) {
    #expect(Heads.direct(line + Self.host + "\r\n") == nil)
  }

  @Test("leaves an absolute target to the decoder, also where the path is not looked at")
  func absoluteTarget() {
    #expect(RequestHeadParser.parse(ByteBuffer(string: "GET http://a/b HTTP/1.1\r\nHost: a\r\n\r\n")) == nil)
  }

  @Test(
    "leaves a field of another form to the decoder",
    arguments: [
      "X: a\n", "X: a\r", "X: a\rb\r\n", "X: a\n b\r\n", "X: a\r\n b\r\n", "X: a\r\n\tb\r\n", " X: a\r\n", "X : a\r\n",
      "X\t: a\r\n", ": a\r\n", "X\r\n", "X a\r\n", "X(: a\r\n", "X\u{E9}: a\r\n", "X/: a\r\n", "\"X\": a\r\n",
      "X@Y: a\r\n", "X: a\u{0}\r\n", "X: a\u{1}b\r\n", "X: a\u{7F}\r\n", "X: \u{B}\r\n", "X: a\t\r\n", "X: a\t \r\n",
      "\u{0}X: a\r\n",
    ])
  func fields(fields: String) {
    #expect(parsed(fields) == nil)
  }

  @Test("takes every character of a token in a name, and no other")
  func tokens() {
    let token = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~"
    for byte in UInt8.min...UInt8.max {
      #expect(RequestHeadNames.isToken(byte) == token.utf8.contains(byte), "\(byte)")
    }
  }

  @Test("takes a value with tabs, spaces and bytes above ASCII")
  func values() throws {
    let head = try #require(parsed("X: a\tb \u{E9}\r\n"))
    #expect(head.fields.last.map { head.text($0.value) } == "a\tb \u{E9}")
  }

  @Test("finds a byte that no value may have wherever it stands")
  func forbiddenBytes() {
    for length in 1...40 {
      let value = Array(repeating: UInt8(ascii: "a"), count: length)
      for place in 0..<length {
        for byte: UInt8 in [0, 1, 8, 9, 10, 11, 13, 31, 32, 33, 126, 127, 128, 160, 255] {
          var bytes = Array((Self.line + Self.host + "X: b").utf8) + value + Array("c\r\nY: d\r\n\r\n".utf8)
          bytes[(Self.line + Self.host + "X: b").utf8.count + place] = byte
          let isTaken = Heads.direct(ByteBuffer(bytes: bytes)) != nil
          #expect(isTaken == (byte >= 32 && byte != 127 || byte == 9), "\(byte) at \(place) of \(length)")
        }
      }
    }
  }

  @Test(
    "leaves heads to the decoder whose framing two readers might see in two ways",
    arguments: [
      "Content-Length: 1\r\nContent-Length: 1\r\n", "Content-Length: 1\r\nContent-Length: 2\r\n",
      "Content-Length: 1, 1\r\n", "Content-Length: +1\r\n", "Content-Length: -1\r\n", "Content-Length: 0x1\r\n",
      "Content-Length: 1 1\r\n", "Content-Length:\r\n", "Content-Length: 1.0\r\n",
      "Content-Length: 9999999999999999\r\n", "Transfer-Encoding: chunked\r\n", "transfer-encoding: gzip\r\n",
      "TRANSFER-ENCODING: chunked\r\nContent-Length: 3\r\n", "Upgrade: h2c\r\n", "Connection: upgrade\r\n",
      "Connection: close, x-a\r\n", "Connection:\r\n", "Host: b\r\n",
    ])
  func framing(fields: String) {
    #expect(parsed(fields) == nil)
  }

  @Test("leaves a head without a plain Host to the decoder")
  func hosts() {
    #expect(Heads.direct(Self.line + "\r\n") == nil)
    for host in [
      "", "a b", "a,b", "a/b", "a@b", "[::1]", "a:", ":80", "a:1x", "a:99999", "a:123456", "a:80:80", "\u{E9}", "a_b",
    ] {
      #expect(Heads.direct(Self.line + "Host: \(host)\r\n\r\n") == nil, "\(host)")
    }
    for host in ["a", "A-b.c", "127.0.0.1", "a:0", "a:65535"] {
      #expect(Heads.direct(Self.line + "Host: \(host)\r\n\r\n") != nil, "\(host)")
    }
  }

  @Test("takes a body length with leading zeros as the number that it is")
  func length() {
    #expect(parsed("Content-Length: 007\r\n")?.contentLength == 7)
    #expect(parsed("Content-Length: 0\r\n")?.contentLength == 0)
    #expect(parsed("")?.contentLength == nil)
  }

  @Test("leaves long heads and heads with many fields to the decoder")
  func bounds() {
    let field = "X: \(String(repeating: "a", count: 60))\r\n"
    #expect(parsed(String(repeating: field, count: 99)) != nil)
    #expect(parsed(String(repeating: "X: a\r\n", count: 99)) != nil)
    #expect(parsed(String(repeating: "X: a\r\n", count: 100)) == nil)
    #expect(parsed("X: \(String(repeating: "a", count: RequestHeadParser.longest))\r\n") == nil)
  }

  @Test("knows fields by their names without regard to case")
  func kinds() throws {
    let head = try #require(
      parsed("AUTHORIZATION: t\r\ncookie: c\r\nVIA: v\r\nConnection: CLOSE\r\nclient-KEY: k\r\nX-Real-IP: 1.2.3.4\r\n"))
    #expect(head.value(.authorization) == "t")
    #expect(head.value(.cookie) == "c")
    #expect(head.values(.via) == ["v"])
    #expect(head.value(.clientKey) == "k")
    #expect(!head.isRepeated(.clientKey) && !head.isRepeated(.apiVersion))
    #expect(try #require(parsed("client-key: k\r\nX-A: b\r\nClient-Key: k\r\n")).isRepeated(.clientKey))
    #expect(head.has(.forwarded))
    #expect(!head.has(.forwardedFor))
    #expect(head.asksToClose)
    #expect(try !#require(parsed("Connection: keep-alive\r\n")).asksToClose)
    #expect(try !#require(parsed("Proxy-Connection: close\r\n")).asksToClose)
    #expect(try #require(parsed("Expect: a, 100-continue\r\n")).expectsContinue)
    #expect(try !#require(parsed("Expect: 100-continued\r\n")).expectsContinue)
    #expect(try #require(parsed("Expect: 100-Continue\r\n")).expectsContinue)
  }

  @Test("knows the names that Connection lists beside its own words, in one field or several")
  func listedNames() throws {
    let listed = { (values: [String]) throws in
      try Heads.decoded("GET", "/api/rest/o/v1", values.map { ("Connection", $0) }).connectionNames
    }
    for values in [[], ["close"], ["Keep-Alive"], ["close", "KEEP-ALIVE"], ["close, keep-alive"], [""]] {
      #expect(try listed(values) == nil, "\(values)")
    }
    for values in [["close, X-A"], ["close", "x-a"], ["x-a", "keep-alive"], ["keep-alive,closed, x-a"]] {
      #expect(try listed(values)?.contains("x-a") == true, "\(values)")
    }
    #expect(try listed(["closed"])?.contains("closed") == true)
    #expect(try listed(["close", "x-a"])?.contains("close") == false)
  }

  @Test("gives the same head as one that came through the decoder")
  func decoded() throws {
    let fields = [("Host", "a"), ("X-A", "1"), ("cookie", "c"), ("Content-Length", "5"), ("X-A", "2")]
    let decoded = try Heads.decoded("PUT", "/api/rest/o/v1", fields)
    let text = fields.map { "\($0): \($1)\r\n" }.joined()
    let direct = try #require(Heads.direct("PUT /api/rest/o/v1 HTTP/1.1\r\n\(text)\r\n"))
    #expect(direct.bytes == decoded.bytes)
    #expect(direct.fields.map(\.name) == decoded.fields.map(\.name))
    #expect(direct.fields.map(\.value) == decoded.fields.map(\.value))
    #expect(direct.kinds == decoded.kinds)
    #expect(direct.contentLength == decoded.contentLength)
    #expect(direct.method == decoded.method)
    #expect(direct.size == decoded.size)
  }
}
