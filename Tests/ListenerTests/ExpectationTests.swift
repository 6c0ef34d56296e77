import HTTPTypes
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import Listener

@Suite("A client that waits for `100 Continue`")
struct ExpectationTests {
  /// Answers with the body. A request for `/refused` is answered without it, and one for `/late` after a suspension.
  private static func answer(_ request: IncomingRequest) async -> OutgoingResponse {
    let path = request.head.path ?? ""
    if path.hasPrefix("/late") { await leaveLoop() }
    var text = "\(path) "
    do {
      if !path.hasSuffix("refused"), let body = request.body {
        for try await bytes in body { text += String(buffer: bytes) }
      }
    } catch {
      text += "broken"
    }
    let body = ByteBuffer(string: text)
    return OutgoingResponse(
      head: HTTPResponse(status: .ok, headerFields: [.contentLength: "\(body.readableBytes)"]), body: body)
  }

  private static func leaveLoop() async {
    await withCheckedContinuation { continuation in
      MultiThreadedEventLoopGroup.singleton.next().scheduleTask(in: .milliseconds(2)) { continuation.resume() }
    }
  }

  private func withListener(_ body: (Int) throws -> Void) async throws {
    try await withListenerOnPort(responder: { await Self.answer($0) }, body)
  }

  private func head(_ path: String, _ length: Int, expects value: String = "100-continue") -> String {
    "POST \(path) HTTP/1.1\r\nHost: x\r\nExpect: \(value)\r\nContent-Length: \(length)\r\n\r\n"
  }

  @Test("is told to go on when its body is about to be read, however its request came")
  func goesOn() async throws {
    try await withListener { port in
      let connection = try HTTPConnection(port: port)
      for (path, value) in [("/a", "100-continue"), ("/late", "100-Continue"), ("/a", "x, 100-continue")] {
        try connection.send(head(path, 4, expects: value))
        let interim = try connection.receive()
        #expect(interim.status == 100 && interim.headers.isEmpty, "\(path)")
        try connection.send("body")
        #expect(try connection.receive().text == "\(path) body")
      }
      try connection.send("GET /late HTTP/1.1\r\nHost: x\r\n\r\n" + head("/b", 4))
      #expect(try connection.receive().text == "/late ")
      #expect(try connection.receive().status == 100)
      try connection.send("body")
      #expect(try connection.receive().text == "/b body")
      try connection.send(
        "POST /c HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n")
      #expect(try connection.receive().status == 100)
      try connection.send("1\r\na\r\n0\r\n\r\n")
      #expect(try connection.receive().text == "/c a")
    }
  }

  @Test("gets the answer at once when its body is not read, and the connection ends")
  func refused() async throws {
    try await withListener { port in
      for path in ["/refused", "/late-refused"] {
        let connection = try HTTPConnection(port: port)
        try connection.send(head(path, 4))
        let answer = try connection.receive()
        #expect(answer.status == 200 && answer.header("connection") == "close", "\(path)")
        #expect(connection.receiveAll() == 0, "\(path)")
      }
    }
  }

  @Test("may send its body without waiting, and then keeps its connection")
  func hasty() async throws {
    try await withListener { port in
      let connection = try HTTPConnection(port: port)
      for path in ["/a", "/late", "/late-refused"] {
        // The body comes along with the head, so nothing has to be said.
        try connection.send(head(path, 4) + "body" + head("/b", 0))
        let answer = try connection.receive()
        #expect(answer.text == (path.hasSuffix("refused") ? "\(path) " : "\(path) body"))
        #expect(answer.header("connection") == nil, "\(path)")
        #expect(try connection.receive().text == "/b ", "\(path)")
      }
    }
  }

  @Test("is not told so in HTTP/1.0, nor when it has no body or expects something else")
  func silent() async throws {
    try await withListener { port in
      let connection = try HTTPConnection(port: port)
      try connection.send("GET /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n")
      #expect(try connection.receive().text == "/a ")
      try connection.send(head("/b", 4, expects: "100-continued"))
      try connection.send("body")
      #expect(try connection.receive().text == "/b body")
      let older = try HTTPConnection(port: port)
      try older.send(head("/c", 4).replacing("HTTP/1.1", with: "HTTP/1.0"))
      try older.send("body")
      #expect(try older.receive().text == "/c body")
    }
  }
}
