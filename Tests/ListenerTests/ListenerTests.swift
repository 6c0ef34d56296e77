import Foundation
import HTTPTypes
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import TestSupport
import Testing

@testable import Listener

@Suite("The listener, over real sockets")
struct ListenerTests {
  private let counters = ConnectionCounters()

  /// A data plane that answers with the target it got, as NIO's parts.
  private final class Plane: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart
    private var text = ""

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      switch unwrapInboundIn(data) {
      case .head(let head): text = "plane \(head.method.rawValue) \(head.uri) "
      case .body(let bytes): text += String(buffer: bytes)
      case .end:
        let body = ByteBuffer(string: text)
        let headers: HTTPHeaders = ["Content-Length": "\(body.readableBytes)"]
        context.write(
          wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .ok, headers: headers))), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
      }
    }
  }

  /// Answers with the facts of the request. A request for `/slow` is answered after a suspension.
  private static func answer(_ request: IncomingRequest) async -> OutgoingResponse {
    var text = "\(request.head.method.rawValue) \(request.head.path ?? "") "
    if request.standing.isTooLate { text += "late " }
    if let malformation = request.standing.malformation { text += "malformed \(malformation) " }
    if request.head.path == "/slow" { await Self.leaveLoop() }
    do {
      if request.head.path != "/unread", let body = request.body {
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
    // Not the cooperative pool, whose threads the tests' sockets block.
    for _ in 0..<3 {
      await withCheckedContinuation { continuation in
        MultiThreadedEventLoopGroup.singleton.next().scheduleTask(in: .milliseconds(2)) { continuation.resume() }
      }
    }
  }

  private func withListener(
    deadlines: ConnectionDeadlines = ConnectionDeadlines(), maximum: Int = 100, certificate: ServerCertificate? = nil,
    _ body: (Int) async throws -> Void
  ) async throws {
    try await withListenerOnPort(
      deadlines: deadlines, maximum: maximum, counters: counters, certificate: certificate, plane: { Plane() },
      responder: { await Self.answer($0) }, body)
  }

  private func get(_ path: String, _ fields: String = "") -> String {
    "GET \(path) HTTP/1.1\r\nHost: x\r\n\(fields)\r\n"
  }

  private func post(_ path: String, _ body: String) -> String {
    "POST \(path) HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
  }

  @Test("keeps a connection for the next request, of the responder and of the data plane in turn")
  func keepAlive() async throws {
    try await withListener { port in
      let connection = try HTTPConnection(port: port)
      for round in 0..<5 {
        try connection.send(get("/a\(round)"))
        let answer = try connection.receive()
        #expect(answer.text == "GET /a\(round) ")
        #expect(answer.header("date")?.hasSuffix(" GMT") == true)
        try connection.send(post("/api/b", "body\(round)"))
        #expect(try connection.receive().text == "plane POST /api/b body\(round)")
        try connection.send(post("/c", "text\(round)"))
        #expect(try connection.receive().text == "POST /c text\(round)")
      }
      #expect(counters.connections == 1)
      let isDone: Bool? = eventually { counters.calls == 0 ? true : nil }
      #expect(isDone == true)
    }
  }

  @Test("answers pipelined requests in their order, whoever answers them and however late")
  func pipelining() async throws {
    try await withListener { port in
      let connection = try HTTPConnection(port: port)
      let paths = (0..<60).map { ["/slow", "/api/\($0)", "/a\($0)", "/unread"][$0 % 4] }
      try connection.send(
        paths.map { $0 == "/unread" ? post($0, "nobody reads this") : get($0) }.joined())
      for path in paths {
        let expected =
          path.hasPrefix("/api/") ? "plane GET \(path) " : path == "/unread" ? "POST /unread " : "GET \(path) "
        #expect(try connection.receive().text == expected)
      }
      #expect(!connection.isClosedAlready)
    }
  }

  @Test("answers what a client sent before it finished sending, then closes")
  func halfClosed() async throws {
    try await withListener { port in
      for path in ["/a", "/slow", "/api/x"] {
        let connection = try HTTPConnection(port: port)
        try connection.send(get(path) + get(path))
        connection.finishSending()
        #expect(try connection.receive().text.contains("GET \(path)"))
        #expect(try connection.receive().text.contains("GET \(path)"))
        #expect(connection.isClosedByServer())
      }
      let silent = try HTTPConnection(port: port)
      silent.finishSending()
      #expect(silent.isClosedByServer())
    }
  }

  @Test("tells the responder of a body that breaks off")
  func brokenBody() async throws {
    try await withListener { port in
      let connection = try HTTPConnection(port: port)
      try connection.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
      connection.finishSending()
      #expect(try connection.receive().text.hasSuffix("broken"))
      #expect(connection.isClosedByServer())
    }
  }

  @Test("answers a malformed request in its turn, as the last, and no client can say that it is one")
  func malformed() async throws {
    try await withListener { port in
      let connection = try HTTPConnection(port: port)
      try connection.send(
        get("/slow") + get("/a", "X-Gatehouse-Malformed: head\r\n") + "GET /api/x HTTP/1.1\r\n\r\n" + get("/b"))
      #expect(try connection.receive().text == "GET /slow ")
      #expect(try connection.receive().text == "GET /a ")
      let last = try connection.receive()
      #expect(last.text == "GET / malformed hostMissing ")
      #expect(last.header("connection") == "close")
      #expect(connection.isClosedByServer())
    }
  }

  @Test("marks requests that come after calls are turned away, and keeps these from the data plane")
  func tooLate() async throws {
    try await withListener { port in
      let connection = try HTTPConnection(port: port)
      try connection.send(get("/a"))
      #expect(try connection.receive().text == "GET /a ")
      counters.turnAway()
      try connection.send(get("/a") + get("/api/x"))
      #expect(try connection.receive().text == "GET /a late ")
      #expect(try connection.receive().text == "GET /api/x late ")
    }
  }

  @Test("answers all requests that came together while the gateway leaves, and closes behind the last")
  func leaving() async throws {
    try await withListener { port in
      counters.leave()
      let connection = try HTTPConnection(port: port)
      let paths = ["/a", "/api/x", "/slow", "/b"]
      try connection.send(paths.map { get($0) }.joined())
      for path in paths {
        let answer = try connection.receive()
        #expect(answer.text.hasSuffix("GET \(path) "))
        #expect(answer.header("connection") == (path == "/b" ? "close" : nil))
      }
      #expect(connection.isClosedByServer())
    }
  }

  @Test("closes after the answer to a request that says close")
  func closes() async throws {
    try await withListener { port in
      for path in ["/a", "/slow", "/api/x"] {
        let connection = try HTTPConnection(port: port)
        try connection.send(get(path, "Connection: close\r\n") + get("/never"))
        #expect(try connection.receive().text.contains("GET \(path)"))
        #expect(connection.isClosedByServer())
      }
    }
  }

  @Test("reads a large body without holding all of it, and a small one in chunks")
  func bodies() async throws {
    try await withListener { port in
      let connection = try HTTPConnection(port: port)
      let text = String(repeating: "x", count: 1 << 20)
      try connection.send(post("/a", text))
      #expect(try connection.receive().text == "POST /a \(text)")
      try connection.send(post("/unread", text))
      #expect(try connection.receive().text == "POST /unread ")
      try connection.send(
        "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
      #expect(try connection.receive().text == "POST /a abcde")
    }
  }

  // MARK: TLS

  private func withCertificate(_ body: (ServerCertificate) async throws -> Void) async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let made = try TestCertificate("listener", in: root)
      let text = ServerCertificate.Text(
        chain: try String(contentsOf: made.chain, encoding: .utf8),
        key: try String(contentsOf: made.key, encoding: .utf8))
      try await body(try ServerCertificate(text))
    }
  }

  @Test("closes a client that does not finish its handshake, with the deadline of a head")
  func silentHandshake() async throws {
    var deadlines = ConnectionDeadlines()
    deadlines.head = .milliseconds(300)
    try await withCertificate { certificate in
      try await withListener(deadlines: deadlines, certificate: certificate) { port in
        let silent = try HTTPConnection(port: port)
        #expect(silent.isClosedByServer())
        // The beginning of a client's first message.
        let slow = try HTTPConnection(port: port)
        try slow.send([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC, 0x03, 0x03])
        #expect(slow.isClosedByServer())
        let isGone: Bool? = eventually { counters.connections == 0 ? true : nil }
        #expect(isGone == true)
      }
    }
  }

  @Test("accepts many connections in a turn while there is room, and else one")
  func batches() async throws {
    for (maximum, expected) in [(1000, UInt(64)), (10, UInt(1))] {
      let listener = Listener(
        limiter: ConnectionLimiter(.init(maximum: maximum)) { _ in false }, counters: counters,
        memory: RequestMemory(limit: 1 << 20), logger: Logger(label: "test"), responder: { await Self.answer($0) })
      let channel = try await listener.listen(host: "127.0.0.1", port: 0)
      let connection = try HTTPConnection(port: channel.localAddress?.port ?? 0)
      try connection.send(get("/a"))
      #expect(try connection.receive().status == 200)
      #expect(try await channel.getOption(.maxMessagesPerRead).get() == expected)
      try await channel.close()
    }
  }

  @Test("closes handshakes for new connections when it has no place left")
  func fullHandshakes() async throws {
    try await withCertificate { certificate in
      try await withListener(maximum: 10, certificate: certificate) { port in
        let silent = try (0..<40).map { _ in try HTTPConnection(port: port) }
        let url = "https://127.0.0.1:\(port)/a"
        let answer = try ToolRun("curl", ["-ksS", "--max-time", "60", url])
        #expect(answer.output == "GET /a ")
        withExtendedLifetime(silent) {}
      }
    }
  }

  @Test("serves responder and data plane over TLS as it does over plain HTTP")
  func encrypted() async throws {
    try await withCertificate { certificate in
      try await withListener(certificate: certificate) { port in
        let url = "https://127.0.0.1:\(port)"
        let answer = try ToolRun(
          "curl", ["-ksS", "--max-time", "60", "\(url)/a", "-d", "x", "--next", "-ksS", "\(url)/api/b", "-d", "y"])
        #expect(answer.output == "POST /a xplane POST /api/b y", "\(answer.output)")
      }
    }
  }
}
