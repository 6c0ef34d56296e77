import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTP1
import TestSupport
import Testing

@testable import Listener

@Suite("The rest of a body that was answered before its end")
struct UnusedBodyTests {
  /// A way to a service that answers at the head of a request.
  enum Way: CaseIterable {
    case direct, decoder

    func begin(_ connection: FrontConnection) throws {
      switch self {
      case .direct: try connection.send(connection.request("/direct/now/1", length: 8 * UnusedBody.longest))
      case .decoder:
        try connection.send("POST /early/1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
      }
    }

    /// A piece of the body of 4096 bytes. Of a chunk, most bytes are an extension, which no reader of the body sees.
    var piece: String {
      switch self {
      case .direct: String(repeating: "x", count: 4096)
      case .decoder: "1;" + String(repeating: "x", count: 4089) + "\r\nx\r\n"
      }
    }

    var drop: String { self == .direct ? "x" : "1\r\nx\r\n" }
  }

  private static let pieces = UnusedBody.longest / 4096

  // MARK: By hand

  @Test("is read up to a bound; then our side is closed, and as much again is read", arguments: Way.allCases)
  func bound(way: Way) throws {
    let connection = try FrontConnection()
    try way.begin(connection)
    for _ in 0..<Self.pieces { try connection.send(way.piece) }
    #expect(connection.wire.closes.isEmpty)
    try connection.send(way.piece)
    #expect(connection.wire.closes == [.output])
    for _ in 0..<Self.pieces { try connection.send(way.piece) }
    let reads = connection.wire.reads
    connection.channel.read()
    #expect(connection.wire.reads == reads + 1)
    try connection.send(way.piece)
    connection.channel.read()
    #expect(connection.wire.reads == reads + 1, "nothing more is read")
    connection.channel.embeddedEventLoop.advanceTime(by: .seconds(2))
    #expect(!connection.channel.isActive && connection.counters.connections == 0)
  }

  @Test("is dropped within the bound, and the next request is answered", arguments: Way.allCases)
  func short(way: Way) throws {
    let connection = try FrontConnection()
    switch way {
    case .direct:
      try connection.send(connection.request("/direct/now/1", length: UnusedBody.longest))
      for _ in 0..<Self.pieces { try connection.send(way.piece) }
      try connection.send(connection.request("/direct/now/2"))
      #expect(connection.answers == "[/direct/now/1][/direct/now/2]")
    case .decoder:
      try way.begin(connection)
      for _ in 1..<Self.pieces { try connection.send(way.piece) }
      try connection.send("0\r\n\r\n" + connection.request("/other/2"))
      #expect(connection.answers == "[decoded][decoded]")
    }
    #expect(connection.wire.closes.isEmpty)
  }

  @Test("has a bound in time, however slowly it comes, and so has the end behind it", arguments: Way.allCases)
  func drip(way: Way) throws {
    let connection = try FrontConnection()
    let loop = connection.channel.embeddedEventLoop
    try way.begin(connection)
    for _ in 0..<29 {
      loop.advanceTime(by: .seconds(1))
      try connection.send(way.drop)
    }
    #expect(connection.wire.closes.isEmpty)
    loop.advanceTime(by: .seconds(1))
    #expect(connection.wire.closes == [.output])
    for _ in 0..<5 {
      #expect(connection.channel.isActive, "the client has time while it sends")
      try connection.send(way.drop)
      loop.advanceTime(by: .seconds(1))
    }
    #expect(!connection.channel.isActive)
  }

  @Test("gives no more time behind the end when it stops coming", arguments: Way.allCases)
  func silence(way: Way) throws {
    let connection = try FrontConnection()
    let loop = connection.channel.embeddedEventLoop
    try way.begin(connection)
    for _ in 0...Self.pieces { try connection.send(way.piece) }
    #expect(connection.wire.closes == [.output])
    loop.advanceTime(by: .milliseconds(1500))
    try connection.send(way.drop)
    loop.advanceTime(by: .milliseconds(1500))
    #expect(connection.channel.isActive)
    loop.advanceTime(by: .milliseconds(500))
    #expect(!connection.channel.isActive)
  }

  @Test("gives no more time behind the end when a fault in it is found there")
  func fault() throws {
    let connection = try FrontConnection()
    try Way.decoder.begin(connection)
    for _ in 0..<Self.pieces { try connection.send(Way.decoder.piece) }
    // The decoder obeys such a trailer, so it is a fault. It comes in the same read as the byte behind the bound.
    try connection.send(Way.decoder.piece + "0\r\nConnection: close\r\n\r\n")
    #expect(connection.wire.closes == [.output])
    connection.channel.embeddedEventLoop.advanceTime(by: .seconds(2))
    #expect(!connection.channel.isActive && connection.counters.connections == 0)
  }

  @Test("has the bound of what comes behind a last request, of which no more is read before the answer is out")
  func behindLastRequest() throws {
    let connection = try FrontConnection()
    try connection.send("GET /late HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    for _ in 0..<Self.pieces { try connection.send(Way.direct.piece) }
    let reads = connection.wire.reads
    connection.channel.read()
    #expect(connection.wire.reads == reads + 1)
    try connection.send(Way.direct.piece)
    connection.channel.read()
    #expect(connection.wire.reads == reads + 1 && connection.wire.closes.isEmpty)
    connection.decoded.answerLate()
    #expect(connection.answers == "[decoded close]" && connection.wire.closes == [.output])
    #expect(connection.wire.reads == reads + 2, "the client has time to read its answer")
  }

  // MARK: Over sockets

  /// Refuses a request: that for `/some` behind a piece of its body, the others at once.
  private static func refuse(_ request: IncomingRequest) async -> OutgoingResponse {
    if request.head.path == "/some", let body = request.body {
      var pieces = body.makeAsyncIterator()
      _ = try? await pieces.next()
    }
    return OutgoingResponse(head: HTTPResponse(status: .unauthorized, headerFields: [.contentLength: "0"]), body: nil)
  }

  /// A data plane that answers `/api/early` at its head, and others at their end: `/api/late` a moment later.
  private final class Plane: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private var path = ""

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      switch unwrapInboundIn(data) {
      case .head(let head):
        path = head.uri
        guard path == "/api/early" else { return }
        context.triggerUserOutboundEvent(BodyReading.ends, promise: nil)
        answer(context)
      case .body: break
      case .end where path == "/api/late":
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: .milliseconds(2)) {
          let (plane, context) = bound.value
          plane.answer(context)
        }
      case .end: if path != "/api/early" { answer(context) }
      }
    }

    private func answer(_ context: ChannelHandlerContext) {
      let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: ["Content-Length": "0"])
      context.write(wrapOutboundOut(.head(head)), promise: nil)
      context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
  }

  private func withListener(_ body: (Int) throws -> Void) async throws {
    try await withListenerOnPort(responder: { await Self.refuse($0) }, body)
  }

  private func head(_ path: String, _ length: Int) -> String {
    "POST \(path) HTTP/1.1\r\nHost: x\r\nContent-Length: \(length)\r\n\r\n"
  }

  @Test("ends the connection with an answer that says so, when more of it is due than is read")
  func declared() async throws {
    try await withListener { port in
      for (path, begun, length) in [("/a", 0, UnusedBody.longest), ("/some", 9, UnusedBody.longest + 9)] {
        let kept = try HTTPConnection(port: port)
        try kept.send(head(path, length) + String(repeating: "x", count: begun))
        let answer = try kept.receive()
        #expect(answer.status == 401 && answer.header("connection") == nil, "\(path)")
        try kept.send([UInt8](repeating: 0x78, count: length - begun))
        try kept.send(head("/b", 0))
        #expect(try kept.receive().status == 401, "\(path)")
        let ended = try HTTPConnection(port: port)
        try ended.send(head(path, length + 1) + String(repeating: "x", count: begun))
        let last = try ended.receive()
        #expect(last.status == 401 && last.header("connection") == "close", "\(path)")
        #expect(ended.receiveAll() == 0, "\(path)")
      }
    }
  }

  @Test("ends the connection with an answer that says so, when it is chunked and has not come to its end")
  func chunked() async throws {
    try await withListener { port in
      let head = "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      let kept = try HTTPConnection(port: port)
      // In the first one the answer comes before the body is looked at.
      for path in ["/a", "/some"] {
        try kept.send(head.replacing("/a", with: path) + "1\r\nx\r\n0\r\n\r\n")
        let answer = try kept.receive()
        #expect(answer.status == 401 && answer.header("connection") == nil, "\(path)")
      }
      for begun in ["", "1\r\nx\r\n", "1\r\nx\r\n0\r\n"] {
        let ended = try HTTPConnection(port: port)
        try ended.send(head + begun)
        let last = try ended.receive()
        #expect(last.status == 401 && last.header("connection") == "close", "'\(begun)'")
        #expect(ended.receiveAll() == 0, "'\(begun)'")
      }
    }
  }

  @Test("ends the connection of the data plane in the same way, and not that of a request sent ahead")
  func chunkedAhead() async throws {
    try await withListenerOnPort(plane: { Plane() }, responder: { await Self.refuse($0) }) { port in
      let connection = try HTTPConnection(port: port)
      let post = { (path: String) in
        "POST \(path) HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"
      }
      // When the second is answered, its end has come, and the beginning of the third.
      try connection.send(
        "GET /api/late HTTP/1.1\r\nHost: x\r\n\r\n" + post("/api/early") + "0\r\n\r\n" + post("/api/end"))
      for _ in 0..<2 { #expect(try connection.receive().header("connection") == nil) }
      try connection.send("0\r\n\r\n")
      #expect(try connection.receive().header("connection") == nil)
      try connection.send(post("/api/early"))
      #expect(try connection.receive().header("connection") == "close")
      #expect(connection.receiveAll() == 0)
    }
  }

  @Test("is not read without end, in chunks or with a length, and the client has its answer")
  func endless() async throws {
    try await withListener { port in
      let most = 256 << 20
      let chunk = Array("fff8\r\n".utf8) + [UInt8](repeating: 0x78, count: 0xFFF8) + Array("\r\n".utf8)
      let chunked = "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      for text in [chunked, head("/a", 1 << 40)] {
        let connection = try HTTPConnection(port: port)
        try connection.send(text)
        #expect(try connection.receive().status == 401)
        var count = 0
        while count < most, (try? connection.send(chunk)) != nil { count += chunk.count }
        // The kernels' buffers hold some more than the gateway reads.
        #expect(count < most)
      }
    }
  }
}
