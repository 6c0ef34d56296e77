import NIOCore
import Testing

@testable import Gateway

@Suite("The reader of simple request heads and NIO's decoder")
struct RequestFuzzTests {
  private static let fuzzer = HeadFuzzer(
    [
      "GET /api/rest/orders/v1/items HTTP/1.1\r\nHost: gateway\r\n\r\n",
      "POST /api/rest/orders/v1/items?a=%2e&b HTTP/1.1\r\nHost: gateway:8080\r\nContent-Length: 3\r\n\r\nabc",
      "PUT /api/rest/o/v2/a;b=c HTTP/1.1\r\nhost: 127.0.0.1\r\nContent-Type: text/plain\r\ncontent-length:0\r\n\r\n",
      "DELETE /api/rest/o/v1/x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer e.y.z\r\nConnection: close\r\n\r\n",
      "GET /api/rest/o/v1 HTTP/1.1\r\nHost: a\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko\r\n\r\n",
      "HEAD /api/rest/o/v1 HTTP/1.1\r\nAccept: */*\r\nHost: a\r\nCookie: a=b; c=d\r\nX-Empty:\r\n\r\n",
      "OPTIONS /api/rest/o/v1/~x HTTP/1.1\r\nHost: a\r\nOrigin: https://a\r\nConnection: keep-alive\r\n\r\n",
      "PATCH /api/rest/o/v1 HTTP/1.1\r\nHost: a\r\nX-Text: caf\u{E9} \t end\r\nExpect: 100-continue\r\n\r\n",
    ],
    lines: [
      "Host: b\r\n", "Content-Length: 4\r\n", "Content-Length: 18446744073709551615\r\n", "Content-Length: 4 \r\n",
      "Content-Length : 4\r\n", "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: identity\r\n", " folded\r\n",
      "Upgrade: websocket\r\n", "Connection: upgrade\r\n", "Connection: close\r\n", "Trailer: a\r\n", "\r\n", "\n",
      "X-A: b\n", "X-A: b\r\r\n", "TE: trailers\r\n", "Proxy-Connection: close\r\n", "\u{0}: a\r\n", "X: \u{1}\r\n",
    ])

  /// The first messages that both see in two ways, with the number of those that they agree on.
  private static func run(
    _ comparison: RequestComparison, _ generator: inout PrintedGenerator, messages: Int
  ) -> (faults: [String], agreed: Int) {
    var (faults, agreed): ([String], Int) = ([], 0)
    for _ in 0..<messages {
      let message = fuzzer.message(using: &generator)
      switch comparison.compare(message) {
      case .leftToDecoder: break
      case .agreed: agreed += 1
      case .disagreed(let reason):
        faults.append("\(reason): \(String(decoding: message, as: UTF8.self).debugDescription)")
      }
    }
    return (Array(faults.prefix(5)), agreed)
  }

  @Test("agree on every head that the reader takes", arguments: [1, 2, nil] as [UInt64?])
  func agreement(seed: UInt64?) {
    var generator = PrintedGenerator("RequestFuzzTests", seed: seed)
    let (faults, agreed) = Self.run(.ours, &generator, messages: 8000)
    #expect(faults == [])
    #expect(agreed > 500, "the changes leave enough heads valid")
  }

  @Test("are seen to differ when the reader is made lenient", arguments: Leniency.allCases)
  func seededFaults(leniency: Leniency) {
    var generator = PrintedGenerator("RequestFuzzTests, \(leniency)", seed: 3)
    let comparison = RequestComparison { bytes in
      Heads.direct(leniency.repair(bytes)).map { ($0, $0.bytes.readableBytes) }
    }
    #expect(!Self.run(comparison, &generator, messages: 8000).faults.isEmpty)
  }

  /// A fault of a reader that takes too much.
  enum Leniency: CaseIterable {
    case bareLineFeed, spaceBeforeColon, controlCharacters, secondLength

    func repair(_ bytes: ByteBuffer) -> ByteBuffer {
      var text = Array(bytes.readableBytesView)
      switch self {
      case .bareLineFeed:
        for index in text.indices.reversed() where text[index] == 10 && (index == 0 || text[index - 1] != 13) {
          text.insert(13, at: index)
        }
      case .spaceBeforeColon:
        for index in text.indices.reversed() where index > 0 && text[index] == 58 && text[index - 1] == 32 {
          text.remove(at: index - 1)
        }
      case .controlCharacters: text = text.map { $0 < 9 ? 32 : $0 }
      case .secondLength:
        let line = Array("Content-Length: 4\r\n".utf8)
        if let place = text.indices.first(where: { text[$0...].starts(with: line) }) {
          text.removeSubrange(place..<place + line.count)
        }
      }
      return ByteBuffer(bytes: text)
    }
  }
}
