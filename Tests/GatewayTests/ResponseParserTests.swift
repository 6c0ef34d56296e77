import NIOCore
import Testing

@testable import Gateway

@Suite("The reader of servers' answers")
struct ResponseParserTests {
  private static let answers: [(name: String, text: String, toHead: Bool, closes: Bool, body: String)] = [
    ("length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello", false, false, "hello"),
    ("no body", "HTTP/1.1 200 OK\r\ncontent-length:0\r\n\r\n", false, false, ""),
    (
      "chunked",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n00a;x=y;z;q=\"a;b c\"\r\n, my world\r\n0\r\nX-T: a\r\n\r\n",
      false, false, "hello, my world"
    ),
    ("to HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true, false, ""),
    ("chunked to HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", true, false, ""),
    ("204", "HTTP/1.1 204 No Content\r\n\r\n", false, false, ""),
    ("204 with length", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", false, false, ""),
    ("304", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", false, false, ""),
    ("until close", "HTTP/1.1 200 OK\r\n\r\nall of this", false, true, "all of this"),
    ("HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\nall of this", false, true, "all of this"),
    ("no reason", "HTTP/1.1 200\r\nContent-Length: 1\r\n\r\na", false, false, "a"),
    (
      "1xx",
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
      false, false, "a"
    ),
  ]

  @Test("reads an answer whatever the pieces it comes in", arguments: answers.indices)
  func splits(index: Int) {
    let (name, text, toHead, closes, body) = Self.answers[index]
    let bytes = Array(text.utf8)
    let whole = ReadAnswer([bytes], toHead: toHead, closes: closes)
    #expect(whole.fault == nil && whole.isComplete && whole.text == body, "\(name)")
    #expect(ReadAnswer(bytes.map { [$0] }, toHead: toHead, closes: closes) == whole, "\(name), byte by byte")
    for first in bytes.indices {
      let pieces = [Array(bytes[..<first]), Array(bytes[first...])]
      #expect(ReadAnswer(pieces, toHead: toHead, closes: closes) == whole, "\(name), split at \(first)")
    }
  }

  @Test("is not complete before the last byte", arguments: answers.indices)
  func truncated(index: Int) {
    let (name, text, toHead, closes, _) = Self.answers[index]
    guard !closes else { return }
    for length in 0..<text.utf8.count {
      let bytes = Array(text.utf8.prefix(length))
      #expect(!ReadAnswer([bytes], toHead: toHead).isComplete, "\(name) with \(length) bytes")
      #expect(ReadAnswer([bytes], toHead: toHead, closes: true).fault != nil, "\(name) ends after \(length) bytes")
    }
  }

  @Test("has status and fields in their order")
  func head() {
    let answer = ReadAnswer("HTTP/1.1 418 I'm a teapot\r\nB: 2\r\na:\t1 \t\r\nB: 3\r\nContent-Length: 0\r\n\r\n")
    #expect(answer.status == 418)
    #expect(answer.fields == ["B: 2", "a: 1", "B: 3", "Content-Length: 0"])
  }

  @Test("has what a connection names as its own")
  func connection() throws {
    let text = "HTTP/1.1 200 OK\r\nConnection: close, X-A\r\nconnection: Keep-Alive , x-b,\r\nContent-Length: 0\r\n\r\n"
    let head = try ResponseHeadParser.parse(ByteBuffer(string: text), hasNoBody: false)
    #expect(head.connectionNames == ["x-a", "x-b"])
    #expect(head.closes)
  }

  @Test(
    "knows whether the connection can be used again",
    arguments: [
      ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false),
      ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", true),
      ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: x, CLOSE\r\n\r\n", true),
      ("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", true),
      ("HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n", false),
      ("HTTP/1.1 204 No Content\r\n\r\n", false),
    ])
  func closing(text: String, closes: Bool) {
    #expect(ReadAnswer(text).closes == closes)
  }

  @Test(
    "refuses a head that two readers might see in two ways",
    arguments: [
      "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
      "Content-Length: 3\r\nContent-Length: 3\r\n", "Content-Length: 3\r\nContent-Length: 4\r\n",
      "Content-Length: 3, 3\r\n", "Content-Length: +3\r\n", "Content-Length: -3\r\n", "Content-Length:\r\n",
      "Content-Length: 3 3\r\n", "Content-Length: 3\t\r\n", "Content-Length: 3 \t \r\n",
      "Content-Length: 9999999999999999999\r\n", "Transfer-Encoding: gzip, chunked\r\n",
      "Transfer-Encoding: gzip\r\n", "Transfer-Encoding:\r\n",
      "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
      "Transfer-Encoding: chunked, chunked\r\n", "X: a\r\n b\r\n", "X: a\r\n\tb\r\n", " X: a\r\n", "X : a\r\n",
      ": a\r\n",
      "X\r\n", "X(: a\r\n", "X: a\u{0}\r\n", "X: a\u{1}\r\n", "X: a\u{7F}\r\n", "X: a\rb\r\n", "X: a\nY: b\r\n",
    ])
  func refusedFields(fields: String) {
    let answer = ReadAnswer("HTTP/1.1 200 OK\r\n\(fields)\r\nabc")
    #expect(answer.fault != nil && answer.status == nil, "\(answer)")
  }

  @Test("refuses a Transfer-Encoding of HTTP/1.0, which has none")
  func olderVersion() {
    #expect(ReadAnswer("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n").fault != nil)
  }

  @Test(
    "refuses a status line of another form",
    arguments: [
      "HTTP/2.0 200 OK", "HTTP/1.2 200 OK", "http/1.1 200 OK", "HTTP/1.1  200 OK", "HTTP/1.1 20 OK", "HTTP/1.1 2000 OK",
      "HTTP/1.1 099 OK", "HTTP/1.1 600 OK", "HTTP/1.1 999 OK", "HTTP/1.1 2x0 OK", "HTTP/1.1 200OK", "HTTP/1.1\t200 OK",
      "HTTP/1.1", "", "ICY 200 OK", "HTTP/1.1 200 O\u{0}K", "\r\nHTTP/1.1 200 OK", " HTTP/1.1 200 OK",
    ])
  func statusLines(line: String) {
    #expect(ReadAnswer("\(line)\r\nContent-Length: 0\r\n\r\n").fault != nil)
  }

  @Test(
    "refuses another protocol at its first byte",
    arguments: ["S", "SSH-2.0-OpenSSH\r\n", "HTTQ", "HTTP/2", "\r\n", "<html>"])
  func otherProtocol(text: String) {
    #expect(ReadAnswer(text).fault != nil)
  }

  @Test(
    "refuses chunks of another form",
    arguments: [
      "\r\n", "g\r\n", "-1\r\n", "+1\r\na\r\n", "0x1\r\na\r\n", " 1\r\na\r\n", "1 \r\na\r\n", "1\na\r\n", "1\r\nab\r\n",
      "1\r\na\n", "1\r\na\r\r\n", "1;\u{0}\r\na\r\n", "1;\r\na\r\n", "1; x\r\na\r\n", "1;x \r\na\r\n", "1;x=\r\na\r\n",
      "1;x=\"y\r\na\r\n",
      "1;x=\"y\"z\r\na\r\n", "1;=y\r\na\r\n", "1;x=\"\\\"\r\na\r\n", "1,\r\na\r\n", "fffffffffffffffff\r\n",
      "0\r\nX\r\n\r\n",
      "0\r\n: a\r\n\r\n", "0\r\nX: \u{1}\r\n\r\n", "0\r\nX : a\r\n\r\n", "0\r\nContent-Length: 1\r\n\r\n",
      "0\r\ntransfer-encoding: chunked\r\n\r\n", "0\r\n X: a\r\n\r\n", "0\r\nX: a\n\r\n",
      "1\r\na0\r\n\r\n", "0\n\n",
    ])
  func refusedChunks(chunks: String) {
    let answer = ReadAnswer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\(chunks)")
    #expect(answer.fault != nil && !answer.isComplete, "\(answer)")
  }

  @Test("refuses an answer that changes the protocol")
  func switching() {
    #expect(ReadAnswer("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n").fault != nil)
  }

  @Test(
    "refuses an answer before the final one that ends the connection",
    arguments: ["HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\n", "HTTP/1.0 103 Early Hints\r\n\r\n"])
  func lastInformational(head: String) {
    #expect(ReadAnswer(head + "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").fault != nil)
  }

  @Test("refuses 1xx without end")
  func endlessInformational() {
    let hints = String(repeating: "HTTP/1.1 103 Early Hints\r\n\r\n", count: 16)
    #expect(ReadAnswer(hints).fault == nil)
    #expect(ReadAnswer(hints).informational.count == 16)
    #expect(ReadAnswer(hints + "HTTP/1.1 103 Early Hints\r\n\r\n").fault != nil)
  }

  @Test("refuses lines that end without CR at once, as no end of the head may come", arguments: 1...36)
  func bareLineFeeds(piece: Int) {
    let bytes = Array("HTTP/1.1 200 OK\nContent-Length: 0\n\n".utf8)
    let pieces = stride(from: 0, to: bytes.count, by: piece).map { Array(bytes[$0..<min($0 + piece, bytes.count)]) }
    #expect(ReadAnswer(pieces).fault != nil)
  }

  @Test("refuses heads, sizes and trailers without bounds")
  func bounds() {
    let start = "HTTP/1.1 200 OK\r\n"
    let chunked = start + "Transfer-Encoding: chunked\r\n\r\n"
    let long = String(repeating: "a", count: 70_000)
    #expect(ReadAnswer(start + "X: " + long).fault != nil)
    #expect(ReadAnswer(start + "X: \(long)\r\n\r\n").fault != nil)
    #expect(ReadAnswer(start + String(repeating: "X: a\r\n", count: 256) + "\r\n").fault == nil)
    #expect(ReadAnswer(start + String(repeating: "X: a\r\n", count: 257) + "\r\n").fault != nil)
    #expect(ReadAnswer(chunked + "1;" + String(repeating: "a", count: 5000)).fault != nil)
    #expect(ReadAnswer(chunked + String(repeating: "0", count: 16) + "\r\n").fault != nil)
    #expect(ReadAnswer(chunked + "0\r\nX: " + long).fault != nil)
    #expect(ReadAnswer(chunked + "0\r\n" + String(repeating: "X: a\r\n", count: 257) + "\r\n").fault != nil)
  }

  @Test("takes one answer for each request, and refuses bytes that nobody asked for")
  func severalAnswers() throws {
    var parser = ResponseParser()
    for _ in 0..<3 {
      parser.expectAnswer(toHead: false)
      parser.receive(ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"))
      var count = 0
      while try parser.nextPart() != nil { count += 1 }
      #expect(count == 3)
      #expect(!parser.hasRest)
    }
    parser.receive(ByteBuffer(string: "HTTP/1.1 200 OK\r\n"))
    #expect(parser.hasRest)
    #expect(throws: ResponseFault.self) { _ = try parser.nextPart() }
  }

  @Test("passes a body on without waiting for its end")
  func streams() throws {
    var parser = ResponseParser()
    parser.expectAnswer(toHead: false)
    parser.receive(ByteBuffer(string: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\nfirst"))
    _ = try parser.nextPart()
    guard case .body(let first)? = try parser.nextPart() else {
      Issue.record("nothing of the body")
      return
    }
    #expect(String(buffer: first) == "first")
    guard try parser.nextPart() == nil else {
      Issue.record("more than came")
      return
    }
    #expect(!parser.hasRest, "nothing is kept")
  }
}
