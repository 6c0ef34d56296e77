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

@Suite("Calls that come through the decoder")
struct ProxyHandlerTests {
  @Test("tell the connection that their body goes on, and that it rests while the server does not take it")
  func readings() async throws {
    let test = try await TestGateway()
    try test.insertOrders(api: ["api_public": true], endpoint: ["endpoint_method": "POST", "endpoint_uri": "/items"])
    let (channel, readings) = (EmbeddedChannel(), Readings())
    let server = EmbeddedChannel(handler: nil, loop: channel.embeddedEventLoop)
    let address = try SocketAddress(ipAddress: "127.0.0.1", port: 1)
    let loop = LoopState(test.gateway, on: channel.eventLoop) { _, _, initialize in
      initialize(server).flatMap { server.connect(to: address) }.map { server }
    }
    try channel.pipeline.syncOperations.addHandlers([readings, ProxyHandler(loop, isSecure: false)])
    // An embedded channel connects at once.
    channel.connect(to: address, promise: nil)
    let send = { (part: HTTPServerRequestPart) throws in
      try channel.writeInbound(part)
      channel.embeddedEventLoop.run()
    }
    try send(
      .head(
        HTTPRequestHead(
          version: .http1_1, method: .POST, uri: "/api/rest/orders/v1/items",
          headers: ["Host": "a", "Transfer-Encoding": "chunked"])))
    try send(.body(ByteBuffer(string: "abc")))
    #expect(readings.list == [.goesOn])
    server.isWritable = false
    try send(.body(ByteBuffer(string: "def")))
    #expect(readings.list == [.goesOn, .goesOn, .rests])
    server.isWritable = true
    server.pipeline.fireChannelWritabilityChanged()
    #expect(readings.list == [.goesOn, .goesOn, .rests, .goesOn])
    try send(.end(nil))
    #expect(readings.list.count == 4)
    _ = try channel.finish(acceptAlreadyClosed: true)
  }
}
