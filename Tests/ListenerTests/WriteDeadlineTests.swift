import Glibc
import NIOCore
import NIOEmbedded
import NIOPosix
import TestSupport
import Testing

@testable import Listener

@Suite("The deadline of answers")
struct WriteDeadlineTests {
  /// Lends its place in the pipeline.
  private final class Lender: ChannelOutboundHandler {
    typealias OutboundIn = IOData

    private let writes: WriteDeadline

    init(_ writes: WriteDeadline) { self.writes = writes }

    func handlerAdded(context: ChannelHandlerContext) { writes.borrow(context) }
    func handlerRemoved(context: ChannelHandlerContext) { writes.stop() }
  }

  private static let answer = 24 << 20

  /// A server that sends one long response to each client that connects.
  private func withServer(
    interval: TimeAmount, isBorrowed: Bool = false, _ body: (Int, EventLoopFuture<Void>) async throws -> Void
  ) async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let closed = group.next().makePromise(of: Void.self)
    let server = try await ServerBootstrap(group: group)
      .childChannelInitializer { channel in
        channel.closeFuture.cascade(to: closed)
        return channel.eventLoop.makeCompletedFuture {
          let writes = WriteDeadline(pace: .init(interval: interval, minimum: 4096))
          let bytes = ByteBuffer(repeating: 0x78, count: Self.answer)
          if isBorrowed {
            try channel.pipeline.syncOperations.addHandler(Lender(writes))
            writes.write(bytes)
            writes.flush()
          } else {
            try channel.pipeline.syncOperations.addHandler(writes)
            channel.writeAndFlush(IOData.byteBuffer(bytes), promise: nil)
          }
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    try await body(server.localAddress?.port ?? 0, closed.futureResult)
    try await server.close()
    try await group.shutdownGracefully()
  }

  @Test("closes the connection of a client that reads nothing", arguments: [false, true])
  func stalled(isBorrowed: Bool) async throws {
    try await withServer(interval: .milliseconds(200), isBorrowed: isBorrowed) { (port, closed) async throws in
      let client = try HTTPConnection(port: port)
      try await closed.get()
      // The client receives the bytes that the kernels' buffers hold, but not the rest.
      #expect(client.receiveAll() < Self.answer)
    }
  }

  @Test("lets a slow client receive its whole response")
  func slow() async throws {
    try await withServer(interval: .seconds(2)) { (port, closed) async throws in
      let client = try HTTPConnection(port: port)
      var count = 0
      var (last, longest) = (ContinuousClock.now, Duration.zero)
      while count < Self.answer {
        let more = client.receiveSome(96 << 10)
        guard more > 0 else { break }
        count += more
        let now = ContinuousClock.now
        (last, longest) = (now, max(longest, now - last))
        // This is slower than several checks of the deadline.
        _ = poll(nil, 0, 15)
      }
      // A busy machine may keep the client from reading for as long as one that reads nothing.
      #expect(count == Self.answer || longest > .seconds(1))
      withExtendedLifetime(client) {}
    }
  }

  @Test("keeps the order of what is written before and after it gets a place in the pipeline")
  func order() throws {
    let (channel, writes) = (EmbeddedChannel(), WriteDeadline())
    let pipeline = channel.pipeline.syncOperations
    let lender = Lender(writes)
    try pipeline.addHandler(lender)
    writes.write(ByteBuffer(string: "a"))
    try pipeline.addHandler(writes, position: .after(lender))
    channel.write(IOData.byteBuffer(ByteBuffer(string: "b")), promise: nil)
    writes.write(ByteBuffer(string: "c"))
    writes.flush()
    var text = ""
    while let bytes = try channel.readOutbound(as: ByteBuffer.self) { text += String(buffer: bytes) }
    #expect(text == "abc")
    #expect(writes.isEmpty)
    try channel.close().wait()
  }
}
