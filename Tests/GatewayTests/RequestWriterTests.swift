import DocumentStore
import JSON
import Model
import NIOCore
import Testing

@testable import Gateway

@Suite("The request to a server")
struct RequestWriterTests {
  private static let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
  private static let new = TraceParent.new(0x0af7_6519_16cd_43dd, 0x8448_eb21_1c80_319c, span: 0xb7ad_6b71_6920_3331)

  private func lines(
    _ test: TestGateway, _ method: String = "GET", _ path: String = "orders/v1/items/7", token: String? = nil,
    _ fields: [(String, String)] = [], server: String = "http://s:81", framing: RequestWriter.Framing = .none,
    isTrusted: Bool = false
  ) throws -> [String] {
    let authorization = token.map { [("Authorization", "Bearer \($0)")] } ?? []
    let all = [("Host", "gateway")] + authorization + fields
    let head = try Heads.decoded(method, "/api/rest/" + path, all)
    let admission = try test.admit(method, path, token: token, fields)
    let own = head.value(.traceParent).flatMap { TraceParent.isValid($0) ? TraceParent.given($0) : nil }
    let writer = RequestWriter(
      admission: admission, head: head, identifier: .given("r1"), client: "192.0.2.1", isFromTrustedProxy: isTrusted,
      isSecure: false, via: "1.1 gw", traceParent: own ?? Self.new)
    let bytes = HeadBytes()
    writer.write(to: try #require(ServerAddress(server)), framing, into: bytes)
    let text = String(buffer: bytes.buffer(ByteBufferAllocator()))
    #expect(text.hasSuffix("\r\n\r\n"))
    return text.components(of: "\r\n").dropLast(2)
  }

  private func open(_ api: JSONObject = [:], endpoint: JSONObject = [:]) async throws -> TestGateway {
    let test = try await TestGateway()
    try test.insertOrders(api: (["api_public": true] as JSONObject).merging(api), endpoint: endpoint)
    return test
  }

  @Test("has the path that was matched, the caller's query and the gateway's own fields")
  func whole() async throws {
    let test = try await open()
    #expect(
      try lines(test, "GET", "orders//v1/items/%37?b=1&a=%2e%2e&b=2", [("Accept", "*/*"), ("X-Other", "1")]) == [
        "GET /items/7?b=1&a=%2e%2e&b=2 HTTP/1.1", "host: s:81", "Accept: */*", "x-request-id: r1",
        "x-forwarded-for: 192.0.2.1", "x-forwarded-proto: http", "x-forwarded-host: gateway", "via: 1.1 gw",
        "traceparent: \(Self.trace)",
      ])
  }

  @Test("has the base path of the server, and a slash for an empty URI")
  func basePath() async throws {
    let test = try await open(endpoint: ["endpoint_uri": "/"])
    #expect(try lines(test, "GET", "orders/v1", server: "http://s/base/").first == "GET /base/ HTTP/1.1")
    #expect(try lines(test, "GET", "orders/v1?x", server: "http://s").first == "GET /?x HTTP/1.1")
  }

  @Test("carries the values of parameters from the client's URI over, escaped as they have to be")
  func rewriting() async throws {
    let test = try await open(endpoint: ["endpoint_uri": "/b c/{y}/{x}/{z}", "client_uri": "/f/{x}/{y}"])
    #expect(
      try lines(test, "GET", "orders/v1/f/a%20b/%3f").first == "GET /b%20c/%3F/a%20b/%7Bz%7D HTTP/1.1")
  }

  @Test("passes fields that the API allows, and never secrets or fields of the connection")
  func fields() async throws {
    let test = try await open([
      "api_allowed_headers": [
        "X-A", "authorization", "Cookie", "x-api-key", "connection", "transfer-encoding", "host", "via",
        "X-Doorman-User",
        "content-length", "te", "X-Listed",
      ]
    ])
    let sent = try lines(
      test, "GET",
      [
        ("x-a", "1"), ("Authorization", "Bearer t"), ("Cookie", "a=b"), ("X-API-Key", "k"), ("TE", "trailers"),
        ("Connection", "x-listed, keep-alive"), ("X-Listed", "1"), ("X-Doorman-User", "admin"), ("X-A", "2"),
        ("Content-Type", "text/plain"), ("Keep-Alive", "1"), ("SOAPAction", "s"),
      ])
    #expect(sent[2..<6] == ["x-a: 1", "X-A: 2", "Content-Type: text/plain", "SOAPAction: s"])
    #expect(sent[6].hasPrefix("x-request-id"))
  }

  @Test("has the value of the swapped field as Authorization, without listing the field")
  func swap() async throws {
    let test = try await open(["api_authorization_field_swap": "X-Tok"])
    let sent = try lines(test, "GET", [("x-tok", "Bearer s"), ("Authorization", "Bearer own")])
    #expect(sent.filter { $0.contains("Bearer") } == ["authorization: Bearer s"])
    #expect(try !lines(test, "GET", [("Authorization", "Bearer own")]).contains { $0.contains("own") })
    let several = try lines(test, "GET", [("x-tok", "Bearer s"), ("X-Tok", "Bearer t")])
    #expect(several.filter { $0.lowercased().hasPrefix("authorization") } == ["authorization: Bearer s"])
  }

  @Test("never has the gateway's own token, whatever field is swapped", arguments: ["Authorization", "cookie", ""])
  func ownToken(field: String) async throws {
    let test = try await open(["api_authorization_field_swap": .string(field)])
    let sent = try lines(test, "GET", [("Authorization", "Bearer own"), ("Cookie", "access_token_cookie=own")])
    #expect(!sent.contains { $0.contains("own") })
  }

  @Test("names the user, if the call has one")
  func user() async throws {
    let test = try await TestGateway()
    try test.insertOrders()
    let sent = try lines(test, token: test.token("alice"))
    #expect(sent.contains("x-doorman-user: alice") && sent.contains("x-user-email: alice"))
    #expect(!sent.contains { $0.hasPrefix("Authorization") })
  }

  @Test("has forwarded addresses only of a trusted proxy, and each Via")
  func forwarded() async throws {
    let test = try await open()
    let fields = [("X-Forwarded-For", "1.1.1.1"), ("X-Forwarded-For", "2.2.2.2"), ("Via", "1.0 a"), ("Via", "1.1 b")]
    #expect(try lines(test, "GET", fields).contains("x-forwarded-for: 192.0.2.1"))
    #expect(try lines(test, "GET", fields).contains("via: 1.0 a, 1.1 b, 1.1 gw"))
    #expect(
      try lines(test, "GET", "orders/v1/items/7", fields, isTrusted: true)
        .contains("x-forwarded-for: 1.1.1.1, 2.2.2.2, 192.0.2.1"))
  }

  @Test("has the state of a trace only with the trace that it belongs to")
  func traceState() async throws {
    let test = try await open()
    let state = ("tracestate", "a=b")
    #expect(try lines(test, "GET", [("traceparent", Self.trace), state]).contains("tracestate: a=b"))
    #expect(try !lines(test, "GET", [("traceparent", "nonsense"), state]).contains("tracestate: a=b"))
    #expect(try !lines(test, "GET", [state]).contains("tracestate: a=b"))
  }

  @Test("says how its body ends")
  func framing() async throws {
    let test = try await open(endpoint: ["endpoint_method": "POST"])
    #expect(try lines(test, "POST", framing: .counted(7)).contains("content-length: 7"))
    #expect(try lines(test, "POST", framing: .chunked).contains("transfer-encoding: chunked"))
  }

  private func lines(_ test: TestGateway, _ method: String, _ fields: [(String, String)]) throws -> [String] {
    try lines(test, method, "orders/v1/items/7", token: nil, fields)
  }

  private func lines(
    _ test: TestGateway, _ method: String, _ path: String, _ fields: [(String, String)], isTrusted: Bool = false
  ) throws -> [String] {
    try lines(test, method, path, token: nil, fields, isTrusted: isTrusted)
  }
}

extension String {
  /// The parts between a separator. CR LF is one `Character`, so `split` takes the unicode scalars apart by hand.
  fileprivate func components(of separator: String) -> [String] {
    replacing(separator, with: "\u{0}").split(separator: "\u{0}", omittingEmptySubsequences: false).map(String.init)
  }
}
