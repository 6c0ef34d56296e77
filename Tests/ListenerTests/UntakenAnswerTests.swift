import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import Listener

@Suite("An answer that the client does not take yet")
struct UntakenAnswerTests {
  /// A socket that takes nothing of what is written until it is told to.
  private final class FullSocket: ChannelOutboundHandler {
    typealias OutboundIn = HTTPServerResponsePart

    var parts = 0
    var closes: [CloseMode] = []
    private var promises: [EventLoopPromise<Void>] = []

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
      parts += 1
      if let promise { promises.append(promise) }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
      closes.append(mode)
      promise?.succeed()
    }

    func takeAll() {
      for promise in promises { promise.succeed() }
      promises = []
    }
  }

  /// A connection whose request is answered, and its socket.
  private func answered(isWhole: Bool) throws -> (channel: EmbeddedChannel, socket: FullSocket) {
    let (channel, socket) = (EmbeddedChannel(), FullSocket())
    let connection = ConnectionGuard(slot: ConnectionCounters().slot(of: channel.eventLoop))
    try channel.pipeline.syncOperations.addHandlers([socket, connection])
    try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    let head = HTTPRequestHead(version: .http1_1, method: .POST, uri: "/", headers: ["Content-Length": "100"])
    try channel.writeInbound(ReceivedPart.head(head, RequestStanding()))
    if isWhole { try channel.writeInbound(ReceivedPart.end(nil)) }
    let answer = HTTPResponseHead(version: .http1_1, status: .ok, headers: ["Content-Length": "0"])
    channel.write(HTTPServerResponsePart.head(answer), promise: nil)
    channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil)
    #expect(socket.parts == 2)
    return (channel, socket)
  }

  @Test("is waited for, and not followed by a second one, when the rest of the request's body is late")
  func lateBody() throws {
    let (channel, socket) = try answered(isWhole: false)
    channel.embeddedEventLoop.advanceTime(by: .seconds(600))
    #expect(socket.parts == 2 && socket.closes.isEmpty, "`WriteDeadline` bounds the time of the answer")
    socket.takeAll()
    #expect(socket.parts == 2 && socket.closes == [.output])
    channel.embeddedEventLoop.advanceTime(by: .seconds(2))
    #expect(socket.closes == [.output, .all])
    withExtendedLifetime(channel) {}
  }

  @Test("is waited for before the connection of a client that sends no more is closed")
  func halfClosed() throws {
    let (channel, socket) = try answered(isWhole: true)
    channel.close(mode: .output, promise: nil)
    #expect(socket.closes.isEmpty)
    socket.takeAll()
    #expect(socket.closes == [.output])
    withExtendedLifetime(channel) {}
  }
}
