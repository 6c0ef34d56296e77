import Foundation
import JSON
import Synchronization
import TestSupport
import Testing

@Suite("Trailers of calls")
struct TrailerTests {
  private static let chunks = "4\r\ngood\r\n0\r\n"
  private static let allowed: JSONObject = [
    "api_allowed_headers": [
      "x-sum", "x-other", "x-listed", "content-type", "content-encoding", "authorization", "cookie", "host", "via",
      "x-forwarded-for", "set-cookie", "content-length", "content-digest", "x-request-id", "etag", "cache-control",
      "trailer", "te", "x-key",
    ],
    "api_authorization_field_swap": "x-key",
  ]
  /// A section with all that may not pass, allowed or not.
  private static let section =
    "X-Sum: 1 \t\r\nx-other:2\r\nX-Unknown: 3\r\nHost: evil\r\nAuthorization: a\r\nCookie: a\r\nSet-Cookie: a=b\r\n"
    + "Content-Type: a/b\r\nContent-Encoding: gzip\r\nContent-Range: bytes 0-1/2\r\nVia: 1.1 x\r\nTE: a\r\nTrailer: a\r\n"
    + "X-Forwarded-For: 1.2.3.4\r\nX-Request-ID: a\r\nCache-Control: no-store\r\nX-Listed: 4\r\n"
    + "Keep-Alive: 5\r\nX-Key: secret\r\nX-Doorman-User: admin\r\n\r\n"

  @Test("of a request reach the server behind each try, as far as the API lets fields pass")
  func request() async throws {
    let sections = Mutex<[[String]]>([])
    let server = try ScriptedServer { connection in
      while let head = connection.receiveHead(), connection.receiveBody(of: head) != nil {
        let number = sections.withLock { sections in
          sections.append(connection.trailers)
          return sections.count
        }
        connection.send(number == 1 ? "HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n" : UpstreamScripts.good)
      }
    }
    defer { server.stop() }
    try await withGatehouse(["HTTP_RETRY_BASE_DELAY": "0.01"]) { (gatehouse: GatehouseProcess) async throws in
      let changes: JSONObject = Self.allowed.merging(["api_allowed_retry_count": 1])
      try gatehouse.createAPI("test", servers: [server.url], token: gatehouse.logIn(), changes)
      let connection = try HTTPConnection(port: gatehouse.port)
      try connection.send(
        call(
          "/a", "PUT",
          "Connection: TE, X-Listed\r\nTE: trailers\r\nTrailer: X-Sum, host, x-unknown,x-other, X-Listed\r\n"
            + "Transfer-Encoding: chunked\r\n") + Self.chunks + Self.section)
      #expect(try connection.receive().text == "good")
      #expect(sections.withLock { $0 } == [["X-Sum: 1", "x-other: 2"], ["X-Sum: 1", "x-other: 2"]])
      for head in server.requests {
        #expect(head["trailer"] == "X-Sum, x-other")
        #expect(head["te"] == "trailers" && head["connection"] == "te")
        #expect(head["host"] != "evil" && head["authorization"] == nil)
      }
      // A client that does not name TE for its own connection says nothing about the next one.
      try connection.send(call("/b", "PUT", "TE: trailers\r\nTransfer-Encoding: chunked\r\n") + Self.chunks + "\r\n")
      #expect(try connection.receive().text == "good")
      #expect(server.requests.last?["te"] == nil && server.requests.last?["trailer"] == nil)
      #expect(sections.withLock { $0.last } == [])
    }
  }

  @Test("of a request are bounded")
  func longRequest() async throws {
    let upstream = try RecordingUpstream()
    defer { upstream.server.stop() }
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      try gatehouse.createAPI("test", servers: [upstream.server.url], token: gatehouse.logIn(), Self.allowed)
      for (size, status) in [(4000, 200), (4100, 400)] {
        let connection = try HTTPConnection(port: gatehouse.port)
        let trailer = "x-sum: \(String(repeating: "a", count: size))\r\n\r\n"
        try connection.send(call("/a", "POST", "Transfer-Encoding: chunked\r\n") + Self.chunks + trailer)
        #expect(try connection.receive().status == status)
        #expect(upstream.take().count == (status == 200 ? 1 : 0))
      }
    }
  }

  /// The text of an answer whose server sends `section` behind a chunked body of 2000 letters.
  private func answer(_ method: String = "GET", _ fields: String = "", version: String = "1.1") async throws -> String {
    let server = try ScriptedServer { connection in
      while let head = connection.receiveHead() {
        let body = "7d0\r\n\(String(repeating: "a", count: 2000))\r\n0\r\n"
        connection.send(
          "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nconnection: x-listed\r\ncontent-digest: d\r\n"
            + "trailer: X-Sum, Host, x-unknown, x-other, x-listed\r\ntransfer-encoding: chunked\r\n\r\n")
        if head.method != "HEAD" { connection.send(body + "Content-Digest: e\r\nConnection: close\r\n" + Self.section) }
      }
    }
    defer { server.stop() }
    return try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      try gatehouse.createAPI("test", servers: [server.url], token: gatehouse.logIn(), Self.allowed)
      let connection = try HTTPConnection(port: gatehouse.port)
      try connection.send(
        call("/a", method, "Connection: close\r\n" + fields).replacing("HTTP/1.1", with: "HTTP/\(version)"))
      return connection.receiveText()
    }
  }

  @Test(
    "of an answer reach the client, as far as the API lets fields pass", arguments: ["", "Connection: x-long-way\r\n"])
  func answers(fields: String) async throws {
    let text = try await answer("GET", fields)
    let parts = text.components(separatedBy: "\r\n\r\n")
    #expect(parts[0].lowercased().contains("\r\ntrailer: x-sum, x-other\r\n"), "\(parts[0])")
    #expect(parts[0].contains("content-digest: d"))
    let end = "\r\n0\r\nContent-Digest: e\r\nX-Sum: 1\r\nx-other: 2\r\nX-Key: secret\r\n\r\n"
    #expect(text.hasSuffix(end), "\(text.suffix(200).debugDescription)")
  }

  @Test(
    "of an answer stand behind a compressed body, too, without the sums of the bytes before",
    arguments: ["", "Connection: x-long-way\r\n"])
  func compressed(fields: String) async throws {
    let text = try await answer("GET", "Accept-Encoding: gzip\r\n" + fields)
    #expect(text.contains("Content-Encoding: gzip"))
    #expect(!text.contains("igest"))
    #expect(text.hasSuffix("\r\n0\r\nX-Sum: 1\r\nx-other: 2\r\nX-Key: secret\r\n\r\n"))
  }

  @Test("of an answer are left out where the body is not chunked")
  func notChunked() async throws {
    let old = try await answer(version: "1.0")
    #expect(old.hasSuffix("\r\n\r\n" + String(repeating: "a", count: 2000)))
    #expect(!old.lowercased().contains("trailer:"))
    let head = try await answer("HEAD")
    #expect(head.hasSuffix("\r\n\r\n") && !head.contains("X-Sum: 1"))
  }
}
