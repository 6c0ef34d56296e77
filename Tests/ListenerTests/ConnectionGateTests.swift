import Logging
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

@testable import Listener

@Suite("The gate of a listening socket")
struct ConnectionGateTests {
  private struct Fault: Error {}

  /// Greets its client when the connection becomes active, and closes it.
  private final class Greeter: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = IOData

    func channelActive(context: ChannelHandlerContext) {
      context.writeAndFlush(wrapOutboundOut(.byteBuffer(ByteBuffer(string: "hello"))), promise: nil)
      context.close(promise: nil)
    }
  }

  /// A server whose connections are on the event loop of the listening socket and on another one in turn.
  private func withGate(
    _ limiter: ConnectionLimiter, prepare: @escaping ConnectionGate.Preparation, _ body: (Int) async throws -> Void
  ) async throws {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    let server = try await ServerBootstrap(group: group)
      .serverChannelInitializer { [logger] channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(
            ConnectionGate(limiter: limiter, logger: logger, prepare: prepare))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    try await body(server.localAddress?.port ?? 0)
    try await server.close()
    try await group.shutdownGracefully()
  }

  @Test("has the handlers of each connection added on its event loop, before the connection is active")
  func preparation() async throws {
    let limiter = ConnectionLimiter(.init(maximum: 100)) { _ in false }
    let early = Atomic(0)
    try await withGate(
      limiter,
      prepare: { channel, _ in
        if channel.eventLoop.inEventLoop, !channel.isActive { early.add(1, ordering: .relaxed) }
        try channel.pipeline.syncOperations.addHandler(Greeter())
      }
    ) { port in
      for _ in 0..<8 {
        let client = try HTTPConnection(port: port)
        #expect(client.receiveAll() == 5)
      }
    }
    #expect(early.load(ordering: .relaxed) == 8)
  }

  @Test("closes a connection whose handlers can't be added, and gives its place to the next one")
  func failure() async throws {
    let limiter = ConnectionLimiter(.init(maximum: 1, loopbackPlaces: 0)) { _ in false }
    let counters = ConnectionCounters()
    try await withGate(
      limiter,
      prepare: { channel, place in
        var deadlines = ConnectionDeadlines()
        deadlines.head = .hours(1)
        let connection = ConnectionGuard(
          slot: counters.slot(of: channel.eventLoop), place: place, deadlines: deadlines)
        try channel.pipeline.syncOperations.addHandler(connection)
        throw Fault()
      }
    ) { port in
      for _ in 0..<4 {
        let client = try HTTPConnection(port: port)
        #expect(client.isClosedByServer())
        let isGone = await eventuallyTrue { !limiter.isFull && counters.connections == 0 }
        #expect(isGone)
      }
    }
  }
}
