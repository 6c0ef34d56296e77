import NIOCore
import NIOEmbedded
import Testing

@testable import Gateway

@Suite("A connection to a server")
struct UpstreamConnectionTests {
  /// A call that remembers how it failed.
  private final class Receiver: UpstreamReceiver {
    private(set) var failures: [UpstreamFailure] = []

    func upstreamFailed(_ failure: UpstreamFailure) { failures.append(failure) }
    func upstreamSent(informational head: ResponseHead) {}
    func upstreamSent(head: ResponseHead) {}
    func upstreamSent(body: ByteBuffer) {}
    func upstreamSent(trailers: TrailerSection) {}
    func upstreamEnded() {}
    func upstreamPaused() {}
    func upstreamWritabilityChanged(_ isWritable: Bool) {}
  }

  /// Keeps the end of a channel from the handlers behind it.
  private final class SilentEnd: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    func channelInactive(context: ChannelHandlerContext) {}
  }

  @Test("tells its call of its end once, also when the channel does not", arguments: [false, true])
  func end(isSilent: Bool) throws {
    let pool = PoolByHand()
    let call = pool.wish().call
    let channel = try pool.succeed()
    if isSilent { try channel.pipeline.syncOperations.addHandler(SilentEnd(), position: .first) }
    let (connection, receiver) = (try #require(call.connection), Receiver())
    connection.begin(receiver, isHead: false, read: .hours(1), write: .hours(1))
    Array("GET / HTTP/1.1\r\n\r\n".utf8).withUnsafeBytes { connection.send($0) }
    connection.endRequest()
    try channel.close().wait()
    #expect(pool.figures == [0, 0, 0])
    #expect(receiver.failures == [.closedBeforeAnswer] && !connection.isOpen)
  }
}
