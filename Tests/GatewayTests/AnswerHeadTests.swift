import HTTPAPI
import JSON
import NIOCore
import Testing

@testable import Gateway

@Suite("The head of an answer to a client")
struct AnswerHeadTests {
  private func api(_ fields: JSONObject) async throws -> APIPlan? {
    let test = try await TestGateway()
    try test.insertOrders(api: fields)
    return test.table.api("orders", "v1")
  }

  private func head(_ api: APIPlan?, origin: String? = nil, isHead: Bool = false, minorVersion: Int = 1) -> AnswerHead {
    AnswerHead(
      call: .init(identifier: .given("r1"), origin: origin, isHead: isHead, minorVersion: minorVersion), api: api)
  }

  private func passed(
    _ answer: String, _ api: APIPlan?, origin: String? = nil, isHead: Bool = false, isCompressed: Bool = false,
    minorVersion: Int = 1
  ) throws -> [String] {
    let parsed = try ResponseHeadParser.parse(ByteBuffer(string: answer + "\r\n\r\n"), hasNoBody: isHead)
    let bytes = HeadBytes()
    head(api, origin: origin, isHead: isHead, minorVersion: minorVersion).write(
      parsed, closes: false, isCompressed: isCompressed, date: "now", gatewayTime: 1, backendTime: 23, into: bytes)
    return lines(bytes)
  }

  private func lines(_ bytes: HeadBytes) -> [String] {
    String(buffer: bytes.buffer(ByteBufferAllocator())).utf8.split(separator: UInt8(ascii: "\n")).map {
      String(Substring($0.dropLast()))
    }
  }

  @Test("has the server's status, fields that pass, and the gateway's own")
  func whole() async throws {
    let api = try await api(["api_allowed_headers": ["X-A"]])
    #expect(
      try passed("HTTP/1.1 201 Made\r\ncontent-type: a/b\r\nX-A: 1\r\nX-B: 2\r\nContent-Length: 3", api) == [
        "HTTP/1.1 201 Created", "request_id: r1", "X-Request-ID: r1", "content-type: a/b", "X-A: 1",
        "Content-Length: 3",
        "Date: now", "Vary: Origin, Accept-Encoding", "X-Gateway-Time: 1", "X-Backend-Time: 23", "",
      ])
  }

  @Test("never has fields of the server's connection, nor those that the gateway writes itself")
  func dropped() async throws {
    let api = try await api([
      "api_allowed_headers": [
        "connection", "keep-alive", "x-listed", "transfer-encoding", "upgrade", "access-control-allow-origin",
        "x-request-id", "trailer",
      ]
    ])
    let answer = """
      HTTP/1.1 200 OK\r\nConnection: x-listed\r\nKeep-Alive: 1\r\nX-Listed: 1\r\nTransfer-Encoding: chunked\r
      Upgrade: h2c\r\nAccess-Control-Allow-Origin: *\r\nX-Request-ID: other\r\nTrailer: a\r\nDate: then\r\nVary: X
      """
    #expect(
      try passed(answer, api) == [
        "HTTP/1.1 200 OK", "request_id: r1", "X-Request-ID: r1", "Date: then", "Vary: Origin, Accept-Encoding, X",
        "X-Gateway-Time: 1", "X-Backend-Time: 23", "transfer-encoding: chunked", "",
      ])
  }

  @Test("has the length or the chunks of its body, whatever the server's Connection lists")
  func namedFraming() async throws {
    let api = try await api(["api_allowed_headers": ["X-A"]])
    let counted = try passed(
      "HTTP/1.1 200 OK\r\nConnection: Content-Length, X-A\r\nX-A: 1\r\nContent-Length: 7", api)
    #expect(counted.contains("Content-Length: 7") && !counted.contains("X-A: 1"))
    let chunked = try passed(
      "HTTP/1.1 200 OK\r\nConnection: transfer-encoding\r\nTransfer-Encoding: chunked", api)
    #expect(chunked.contains("transfer-encoding: chunked"))
  }

  @Test("tells the length of a body that HEAD and 304 would have, and none for 204")
  func lengths() async throws {
    let api = try await api([:])
    #expect(try passed("HTTP/1.1 200 OK\r\nContent-Length: 7", api, isHead: true).contains("Content-Length: 7"))
    #expect(try passed("HTTP/1.1 304 OK\r\nContent-Length: 7", api).contains("Content-Length: 7"))
    for isHead in [false, true] {
      let lines = try passed("HTTP/1.1 204 OK\r\nContent-Length: 7", api, isHead: isHead)
      #expect(!lines.contains("Content-Length: 7"))
    }
  }

  @Test("of a compressed body has no length, a weak tag and the coding")
  func compressed() async throws {
    let api = try await api([:])
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nETag: \"a\"\r\nAccept-Ranges: bytes"
    let lines = try passed(answer, api, isCompressed: true)
    #expect(lines[3] == "ETag: W/\"a\"")
    #expect(lines.suffix(3) == ["Content-Encoding: gzip", "transfer-encoding: chunked", ""])
    #expect(!lines.contains { $0.hasPrefix("Content-Length") || $0.hasPrefix("Accept-Ranges") })
    let older = try passed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", api, minorVersion: 0)
    #expect(older.first == "HTTP/1.1 200 OK" && !older.contains("transfer-encoding: chunked"))
  }

  @Test("to HEAD and of 304 tells of a compressed body what GET tells, and no length of another one")
  func compressedElsewhere() async throws {
    let api = try await api([:])
    let fields = "Content-Length: 700\r\nETag: \"a\"\r\nAccept-Ranges: bytes"
    let toHead = try passed("HTTP/1.1 200 OK\r\n" + fields, api, isHead: true, isCompressed: true)
    #expect(toHead[3] == "ETag: W/\"a\"")
    #expect(toHead.suffix(2) == ["Content-Encoding: gzip", ""])
    let unchanged = try passed("HTTP/1.1 304 Not Modified\r\n" + fields, api, isCompressed: true)
    #expect(unchanged[3] == "ETag: W/\"a\"")
    #expect(!unchanged.contains("Content-Encoding: gzip"))
    for lines in [toHead, unchanged] {
      #expect(!lines.contains { $0.hasPrefix("Content-Length") || $0.hasPrefix("Accept-Ranges") })
      #expect(!lines.contains("transfer-encoding: chunked"))
    }
  }

  @Test("names the origin only if the API allows it")
  func origins() async throws {
    let api = try await api([
      "api_cors_allow_origins": ["https://a"], "api_cors_allow_credentials": true,
      "api_cors_expose_headers": ["X-A", "X-B"],
    ])
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0"
    let lines = try passed(answer, api, origin: "https://a")
    #expect(lines.contains("Access-Control-Allow-Origin: https://a"))
    #expect(lines.contains("Access-Control-Allow-Credentials: true"))
    #expect(lines.contains("Access-Control-Expose-Headers: X-A, X-B"))
    for origin in ["https://b", nil] {
      #expect(try !passed(answer, api, origin: origin).contains { $0.hasPrefix("Access-Control") })
    }
  }

  private func own(
    _ failure: CallFailure, _ api: APIPlan?, origin: String?, _ fields: [(String, String)] = [], isHead: Bool = false
  )
    throws -> (lines: [String], body: String)
  {
    let bytes = HeadBytes()
    let request = try Heads.decoded("OPTIONS", "/api/rest/orders/v1", fields)
    let body = head(api, origin: origin, isHead: isHead).write(
      failure, to: request, closes: true, envelope: .plain, date: "now", into: bytes)
    return (lines(bytes), String(decoding: body, as: UTF8.self))
  }

  @Test("of the gateway's own has the failure as JSON, and when to come again")
  func failures() throws {
    let (lines, body) = try own(.rate(retryAfter: 7), nil, origin: "https://a")
    #expect(
      lines == [
        "HTTP/1.1 429 Too Many Requests", "request_id: r1", "X-Request-ID: r1", "Date: now", "Retry-After: 7",
        "Vary: Accept-Encoding", "X-Content-Type-Options: nosniff", "X-Frame-Options: DENY",
        "Referrer-Policy: no-referrer", "Cache-Control: no-store", "Content-Type: application/json",
        "Content-Length: \(body.utf8.count)",
        "X-Body-Length: \(body.utf8.count)", "connection: close", "",
      ])
    #expect(body.contains("GTW429") && body.contains("Rate limit exceeded"))
    let (sameLines, none) = try own(.rate(retryAfter: 7), nil, origin: "https://a", isHead: true)
    #expect(sameLines == lines && none.isEmpty, "HEAD has the same head and no body")
    #expect(!lines.contains { $0.hasPrefix("WWW-Authenticate") })
    for failure in [CallFailure.noSession, CallFailure.noGroup] {
      let lines = try own(failure, nil, origin: nil).lines
      #expect(lines.first == "HTTP/1.1 401 Unauthorized" && lines.contains("WWW-Authenticate: Bearer"))
    }
    let method = try own(.method, nil, origin: nil)
    #expect(method.lines.contains("Allow: \(CallFailure.methods)"))
    #expect(method.body == #"{"detail":"The gateway does not forward this method"}"#)
  }

  @Test("of a preflight names what the API lets scripts do, and the origin only if it may do what it asks for")
  func preflights() async throws {
    let api = try await api([
      "api_cors_allow_origins": ["https://a"], "api_cors_allow_methods": ["GET"], "api_cors_allow_headers": ["X-A"],
    ])
    let asked = [("Access-Control-Request-Method", "GET"), ("Access-Control-Request-Headers", "x-a")]
    let (lines, body) = try own(.preflight, api, origin: "https://a", asked)
    #expect(lines.first == "HTTP/1.1 204 No Content" && body.isEmpty)
    #expect(lines.contains("Access-Control-Allow-Origin: https://a"))
    #expect(lines.contains("Access-Control-Allow-Methods: GET, OPTIONS"))
    #expect(lines.contains("Access-Control-Allow-Headers: X-A"))
    #expect(!lines.contains { $0.hasPrefix("Content-") })
    for (origin, fields) in [("https://b", asked), ("https://a", [("Access-Control-Request-Method", "PUT")])] {
      let refused = try own(.preflight, api, origin: origin, fields).lines
      #expect(!refused.contains { $0.hasPrefix("Access-Control-Allow-Origin") })
    }
  }
}
