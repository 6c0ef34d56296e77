import NIOCore

/// Stands before the HTTP codec and counts what came of a head that has not ended, since the codec holds that in
/// memory.
final class HeadMeter: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  /// Bytes that may come without a part of a request in them. The codec's own bound of a head is lower; chunks'
  /// extensions have none.
  private static let most = 128 << 10

  /// The connection, while this stands in its pipeline. It is told of what is thrown away.
  var connection: ConnectionGuard?
  private let share: RequestMemory.Share
  private var count = 0
  private var isOver = false

  init(_ memory: RequestMemory) {
    share = RequestMemory.Share(of: memory)
  }

  /// A part of a request is complete.
  func reset() {
    count = 0
    share.resize(to: 0)
  }

  /// Bytes of requests wait that were sent ahead.
  ///
  /// - Returns: `false` when other requests hold all the memory.
  func hold(_ count: Int) -> Bool { share.resize(to: count) }

  /// Nothing that comes from now on is read.
  func stop() {
    reset()
    isOver = true
  }

  func handlerRemoved(context: ChannelHandlerContext) { connection = nil }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let size = unwrapInboundIn(data).readableBytes
    if isOver {
      connection?.discard(size)
      return
    }
    count += size
    // Behind this the codec may find parts, which resets the count.
    context.fireChannelRead(data)
    if isOver { return }
    if count > Self.most || !share.resize(to: count) { context.close(promise: nil) }
  }
}
