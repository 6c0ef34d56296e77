import JSON
import NIOCore
import NIOHTTP1
import Testing

@testable import Gateway

@Suite("The fields behind chunked bodies")
struct TrailerSectionTests {
  private func api(_ allowed: [String]) async throws -> APIPlan {
    let test = try await TestGateway()
    try test.insertOrders(api: ["api_allowed_headers": .array(allowed.map { .string($0) })])
    return try #require(test.table.api("orders", "v1"))
  }

  private func passes(_ name: String, _ api: APIPlan) -> (toServer: Bool, toClient: Bool) {
    let bytes = Array(name.utf8)
    return (api.passesToServer(trailer: bytes.span.bytes), api.passesToClient(trailer: bytes.span.bytes))
  }

  @Test("pass as the API lets header fields pass, but for those that mean something before the body")
  func rules() async throws {
    let never = [
      "Content-Length", "Transfer-Encoding", "Host", "Connection", "Authorization", "Cookie", "Set-Cookie", "TE",
      "Content-Encoding", "content-type", "Content-Range", "Trailer", "X-Forwarded-For", "Via", "Expect", "Upgrade",
      "Cache-Control", "ETag", "Location", "Keep-Alive", "Range", "If-Match", "X-HTTP-Method-Override",
    ]
    let api = try await api(["X-Sum"] + never)
    for name in never + ["X-Other"] {
      #expect(passes(name, api) == (false, false), "\(name)")
    }
    for name in ["x-sum", "X-SUM"] {
      #expect(passes(name, api) == (true, true), "\(name)")
    }
  }

  @Test("are written as lines behind the last chunk")
  func lines() {
    let section = TrailerSection(["X-A": " b\t", "x-c": ""])
    #expect(String(buffer: Chunk.last(section)) == "0\r\nX-A: b\r\nx-c: \r\n\r\n")
    #expect(section.size == "X-A: b\r\nx-c: \r\n".utf8.count)
    #expect(String(buffer: Chunk.last(nil)) == "0\r\n\r\n")
    #expect(section.passing { _ in false } == nil)
    #expect(section.passing { $0.byteCount == 3 } == section)
  }

  @Test("are announced by the names that pass")
  func announced() async throws {
    let api = try await api(["X-Sum", "X-B"])
    let names = TrailerSection.announced([" X-Sum ,, host", "x-b,X-C"]) { api.passesToServer(trailer: $0) }
    #expect(names == "X-Sum, x-b")
    #expect(TrailerSection.announced(["Host"]) { api.passesToServer(trailer: $0) } == nil)
  }

  @Test("of an answer come before its end, in whatever pieces, without spaces around their values")
  func parsed() {
    let text =
      "HTTP/1.1 200 OK\r\nConnection: x-own\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-A: \tb c \r\nX-Own: 1\r\nX-B:\r\n\r\n"
    let whole = ReadAnswer(text)
    #expect(whole.isComplete && whole.trailers == ["X-A: b c", "X-B: "])
    #expect(ReadAnswer(text.utf8.map { [$0] }) == whole)
    let long = String(repeating: "X-A: \(String(repeating: "b", count: 1000))\r\n", count: 17)
    #expect(ReadAnswer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\(long)\r\n").fault != nil)
  }
}
