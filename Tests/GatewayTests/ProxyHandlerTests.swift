import JSON
import Listener
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import Gateway

/// Remembers the events by which the data plane tells the connection of a body.
private final class Readings: ChannelOutboundHandler {
  typealias OutboundIn = HTTPServerResponsePart

  var list: [BodyReading] = []

  func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
    if let reading = event as? BodyReading { list.append(reading) }
    promise?.succeed()
  }
}

/// A connection whose requests come through the decoder, and the server of its calls.
private struct DecodedClient {
  let test: TestGateway
  let channel: EmbeddedChannel
  let server: EmbeddedChannel
  let readings = Readings()

  init(_ configuration: GatewayConfiguration = GatewayConfiguration()) async throws {
    test = try await TestGateway(configuration)
    try test.insertOrders(api: ["api_public": true], endpoint: ["endpoint_method": "POST", "endpoint_uri": "/items"])
    let channel = EmbeddedChannel()
    let server = EmbeddedChannel(handler: nil, loop: channel.embeddedEventLoop)
    (self.channel, self.server) = (channel, server)
    let address = try SocketAddress(ipAddress: "127.0.0.1", port: 1)
    let loop = LoopState(test.gateway, on: channel.eventLoop) { _, _, initialize in
      initialize(server).flatMap { server.connect(to: address) }.map { server }
    }
    try channel.pipeline.syncOperations.addHandlers([readings, ProxyHandler(loop, isSecure: false)])
    // An embedded channel connects at once.
    channel.connect(to: address, promise: nil)
  }

  func send(_ part: HTTPServerRequestPart) throws {
    try channel.writeInbound(part)
    channel.embeddedEventLoop.run()
  }

  func sendHead(
    _ fields: [(String, String)] = [], framing: (String, String) = ("Transfer-Encoding", "chunked")
  ) throws {
    var head = HTTPRequestHead(version: .http1_1, method: .POST, uri: "/api/rest/orders/v1/items")
    head.headers = HTTPHeaders([("Host", "a"), framing] + fields)
    try send(.head(head))
  }

  func closeServer() throws { try server.close().wait() }

  /// The parts of answers since the last call.
  func answers() throws -> [HTTPServerResponsePart] {
    var parts: [HTTPServerResponsePart] = []
    while let part = try channel.readOutbound(as: HTTPServerResponsePart.self) { parts.append(part) }
    return parts
  }
}

@Suite("Calls that come through the decoder")
struct ProxyHandlerTests {
  @Test("tell the connection that their body goes on, and that it rests while the server does not take it")
  func readings() async throws {
    let client = try await DecodedClient()
    let (readings, server) = (client.readings, client.server)
    try client.sendHead()
    try client.send(.body(ByteBuffer(string: "abc")))
    #expect(readings.list == [.goesOn])
    server.isWritable = false
    try client.send(.body(ByteBuffer(string: "def")))
    #expect(readings.list == [.goesOn, .goesOn, .rests])
    server.isWritable = true
    server.pipeline.fireChannelWritabilityChanged()
    #expect(readings.list == [.goesOn, .goesOn, .rests, .goesOn])
    try client.send(.end(nil))
    #expect(readings.list.count == 4)
    _ = try client.channel.finish(acceptAlreadyClosed: true)
  }

  @Test("tell the connection that their body rests until the client is told to send it")
  func expectations() async throws {
    let client = try await DecodedClient()
    try client.sendHead([("Expect", "100-continue")])
    #expect(client.readings.list == [.rests, .goesOn])
    let statuses = try client.answers().compactMap { part -> UInt? in
      if case .head(let head) = part { head.status.code } else { nil }
    }
    #expect(statuses == [100])
    _ = try client.channel.finish(acceptAlreadyClosed: true)
  }

  @Test("end their connection when more of their body is due behind an answer than is read", arguments: [false, true])
  func unusedBodies(isLong: Bool) async throws {
    var configuration = GatewayConfiguration()
    configuration.maximumBodySize = nil
    let client = try await DecodedClient(configuration)
    try client.sendHead(framing: ("Content-Length", "\(UnusedBody.longest + 10)"))
    try client.send(.body(ByteBuffer(repeating: 0x78, count: isLong ? 9 : 10)))
    try client.closeServer()
    guard case .head(let head)? = try client.answers().first else {
      Issue.record("no answer")
      return
    }
    #expect(head.status.code == 502 && head.headers["connection"] == (isLong ? ["close"] : []))
    _ = try client.channel.finish(acceptAlreadyClosed: true)
  }

  @Test("tell the connection when the gateway answers before their body has ended", arguments: [false, true])
  func leftBodies(isWhole: Bool) async throws {
    let client = try await DecodedClient()
    try client.sendHead()
    if isWhole { try client.send(.end(nil)) }
    try client.closeServer()
    guard case .head(let head)? = try client.answers().first else {
      Issue.record("no answer")
      return
    }
    #expect(head.status.code == 502)
    let expected: [BodyReading] = isWhole ? [] : [.ends]
    #expect(client.readings.list == expected)
    _ = try client.channel.finish(acceptAlreadyClosed: true)
  }

  @Test("are answered where their head becomes too long to be read, and the connection ends")
  func longHead() async throws {
    let client = try await DecodedClient()
    // The decoder puts three bytes in the place of each that is not UTF-8.
    let value = String(repeating: "\u{FFFD}", count: 11_000)
    try client.sendHead([("X-Request-ID", "r1"), ("X-A", value), ("X-B", value)])
    let answers = try client.answers()
    guard case .head(let head)? = answers.first, case .end? = answers.last else {
      Issue.record("no answer: \(answers)")
      return
    }
    #expect(head.status.code == 431)
    #expect(head.headers["connection"] == ["close"] && head.headers["x-request-id"] == ["r1"])
    try client.send(.body(ByteBuffer(string: "abc")))
    try client.send(.end(nil))
    #expect(try client.answers().isEmpty)
    _ = try client.channel.finish(acceptAlreadyClosed: true)
  }
}
