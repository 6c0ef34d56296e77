import JSON
import NIOCore
import Testing

@testable import Gateway

@Suite("Fields of a server's answer that pass to the client")
struct PassedFieldTests {
  /// All fields that pass without a word of the API, each with a value.
  private static let all = [
    "content-type: a/b", "content-encoding: br", "content-language: de", "content-range: bytes 0-3/9",
    "content-disposition: attachment; filename=\"a.txt\"", "location: /orders/7?a=b#c", "etag: \"a\"",
    "last-modified: Tue, 01 Dec 2026 00:00:00 GMT", "cache-control: max-age=7", "expires: 0", "accept-ranges: bytes",
    "retry-after: 7", "allow: GET, PUT", "www-authenticate: Basic realm=\"a\"", "content-location: /orders/7",
    "content-length: 4", "date: then",
  ]

  private func passed(_ fields: [String], api: JSONObject = [:]) async throws -> [String] {
    let test = try await TestGateway()
    try test.insertOrders(api: api)
    let text = "HTTP/1.1 200 OK\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n"
    let head = AnswerHead(
      call: .init(identifier: .given("r1"), origin: nil, isHead: false, minorVersion: 1),
      api: test.table.api("orders", "v1"))
    let answer = try ResponseHeadParser.parse(ByteBuffer(string: text), hasNoBody: false)
    let bytes = HeadBytes()
    head.write(
      answer, closes: false, isCompressed: false, date: "now", gatewayTime: 1, backendTime: 2, into: bytes)
    // CR LF is one character.
    return String(buffer: bytes.buffer(ByteBufferAllocator())).split(separator: "\r\n" as Character).map(String.init)
  }

  @Test("are those that describe the answer, with their values as they are")
  func passing() async throws {
    let lines = try await passed(Self.all + ["vary: x-a"])
    for field in Self.all { #expect(lines.contains(field), "\(field)") }
    #expect(lines.contains("Vary: Origin, Accept-Encoding, x-a"))
    let names = Self.all.map { String($0.prefix { $0 != ":" }) } + ["vary"]
    #expect(Set(PassedFields.response) == Set(names), "each field that passes is tried here")
  }

  @Test("are none that the API does not list, such as cookies")
  func dropped() async throws {
    let (never, listed) = (["set-cookie: a=b", "x-powered-by: a"], ["server: nginx", "x-a: b"])
    let fields = never + listed + ["content-length: 4"]
    let lines = try await passed(fields)
    #expect(!lines.contains { never.contains($0) || listed.contains($0) }, "\(lines)")
    let more = try await passed(fields, api: ["api_allowed_headers": ["Server", "x-a"]])
    #expect(more.filter { never.contains($0) || listed.contains($0) } == listed)
  }

  @Test(
    "keep every character of their values",
    arguments: ["<b>q</b>z", "<script>a && b</script>", "\"a\\\"; 'b' &amp;"])
  func values(value: String) async throws {
    let lines = try await passed(["x-a: \(value)", "content-length: 4"], api: ["api_allowed_headers": ["x-a"]])
    #expect(lines.contains("x-a: \(value)"))
  }
}
