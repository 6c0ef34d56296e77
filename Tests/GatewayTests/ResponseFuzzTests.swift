import Testing

@testable import Gateway

@Suite("The reader of servers' answers and NIO's decoder")
struct ResponseFuzzTests {
  private static let fuzzer = HeadFuzzer(
    [
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0a;x=y\r\n, my world\r\n0\r\nX-T: a\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=\"b;c\"\r\nabc\r\n0\r\n\r\n",
      "HTTP/1.1 204 No Content\r\nX-A:\r\n\r\n",
      "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\nETag: \"a\"\r\n\r\n",
      "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
      "HTTP/1.0 200 OK\r\nServer: old\r\n\r\nuntil the end",
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 2\r\nLocation: /a\r\n\r\nok",
      "HTTP/1.1 500\r\nX-Text: caf\u{E9} \t end\r\nKeep-Alive: timeout=5\r\nContent-Length: 1\r\n\r\nx",
    ],
    lines: [
      "Content-Length: 4\r\n", "Content-Length: 5\r\n", "Content-Length: 5 \r\n", "Content-Length : 5\r\n",
      "Content-Length: 18446744073709551615\r\n", "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: gzip\r\n",
      "Transfer-Encoding: identity\r\n", " folded\r\n", "Upgrade: x\r\n", "Connection: upgrade\r\n",
      "Connection: close\r\n",
      "\r\n", "\n", "0\r\n", "3\r\nabc\r\n", "3;x\r\nabc\r\n", "1\r\na\r\n", "X-A: b\n", "X-A: b\r\r\n",
      "Trailer: X-T\r\n",
      "\u{0}: a\r\n", "X: \u{1}\r\n", "HTTP/1.1 103 Early Hints\r\n\r\n",
    ])

  private static func run(
    _ comparison: ResponseComparison, _ generator: inout PrintedGenerator, messages: Int
  ) -> (faults: [String], agreed: Int) {
    var (faults, agreed): ([String], Int) = ([], 0)
    for _ in 0..<messages {
      let message = fuzzer.message(using: &generator)
      let split = Int.random(in: 0...message.count, using: &generator)
      let pieces = [Array(message[..<split]), Array(message[split...])]
      let isToHead = Int.random(in: 0..<6, using: &generator) == 0
      switch comparison.compare(pieces, toHead: isToHead) {
      case .refused: break
      case .agreed: agreed += 1
      case .disagreed(let reason):
        faults.append("\(reason): HEAD \(isToHead) \(String(decoding: message, as: UTF8.self).debugDescription)")
      }
    }
    return (Array(faults.prefix(5)), agreed)
  }

  @Test("agree on every answer that the reader takes", arguments: [1, 2, nil] as [UInt64?])
  func agreement(seed: UInt64?) {
    var generator = PrintedGenerator("ResponseFuzzTests", seed: seed)
    let (faults, agreed) = Self.run(.ours, &generator, messages: 8000)
    #expect(faults == [])
    #expect(agreed > 500, "the changes leave enough answers valid")
  }

  @Test("are seen to differ when the reader is made lenient", arguments: Leniency.allCases)
  func seededFaults(leniency: Leniency) {
    var generator = PrintedGenerator("ResponseFuzzTests, \(leniency)", seed: 3)
    let comparison = ResponseComparison { pieces, toHead in
      ReadAnswer([leniency.repair(pieces.flatMap(\.self))], toHead: toHead, closes: true)
    }
    #expect(!Self.run(comparison, &generator, messages: 8000).faults.isEmpty)
  }

  /// A fault of a reader that takes too much.
  enum Leniency: CaseIterable {
    case spaceBeforeColon, controlCharacters, lengthBesideChunks, extraLineEnd

    func repair(_ bytes: [UInt8]) -> [UInt8] {
      var text = bytes
      switch self {
      case .spaceBeforeColon:
        for index in text.indices.reversed() where index > 0 && text[index] == 58 && text[index - 1] == 32 {
          text.remove(at: index - 1)
        }
      case .controlCharacters: text = text.map { $0 < 9 ? 32 : $0 }
      case .lengthBesideChunks: remove("Content-Length: 5\r\n", from: &text)
      case .extraLineEnd: remove("\r\n", from: &text, whereRepeated: true)
      }
      return text
    }

    private func remove(_ line: String, from text: inout [UInt8], whereRepeated: Bool = false) {
      let line = Array(line.utf8)
      let pattern = whereRepeated ? line + line + line : line
      guard let place = text.indices.first(where: { text[$0...].starts(with: pattern) }) else { return }
      text.removeSubrange(place..<place + line.count)
    }
  }
}
