import NIOCore

/// Closes the connection of a client that does not take its answers: they would be held in memory as long as it
/// likes.
final class WriteDeadline: ChannelOutboundHandler {
  typealias OutboundIn = IOData
  typealias OutboundOut = IOData

  struct Pace: Sendable {
    /// In each of these times a client must take the minimum, or all that is left.
    var interval = TimeAmount.seconds(10)
    /// Bytes.
    var minimum = 4096
  }

  /// Whether the kernel took everything that was flushed.
  var isEmpty: Bool { look == nil }

  private let pace: Pace
  /// Bytes that were handed to the channel, and those of them that were gone at the last look.
  private var (handed, gone) = (0, 0)
  private var look: Scheduled<Void>?
  private var context: ChannelHandlerContext?

  init(pace: Pace = Pace()) {
    self.pace = pace
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    handed += unwrapOutboundIn(data).readableBytes
    context.write(data, promise: promise)
  }

  func flush(context: ChannelHandlerContext) {
    context.flush()
    if look == nil { watch(context) }
  }

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func handlerRemoved(context: ChannelHandlerContext) { stop() }

  /// Takes the place of a handler that writes past all others, as long as this one has none in the pipeline.
  func borrow(_ context: ChannelHandlerContext) {
    if self.context == nil { self.context = context }
  }

  /// Nothing is written any more.
  func stop() {
    look?.cancel()
    look = nil
    context = nil
  }

  /// Writes for a handler that stands nearer to the socket, or has no place in the pipeline.
  func write(_ bytes: ByteBuffer, _ promise: EventLoopPromise<Void>? = nil) {
    guard let context else { return promise?.fail(ChannelError.ioOnClosedChannel) ?? () }
    write(context: context, data: wrapOutboundOut(.byteBuffer(bytes)), promise: promise)
  }

  /// Sends what is written.
  func flush() {
    if let context { flush(context: context) }
  }

  /// Looks again later while something waits to be taken.
  private func watch(_ context: ChannelHandlerContext) {
    look = nil
    let waiting = Self.waiting(context)
    gone = handed - waiting
    guard waiting > 0 else { return }
    let deadline = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    look = context.eventLoop.scheduleTask(in: pace.interval) {
      let (deadline, context) = deadline.value
      deadline.check(context)
    }
  }

  private func check(_ context: ChannelHandlerContext) {
    let waiting = Self.waiting(context)
    if waiting > 0, handed - waiting - gone < pace.minimum {
      // A farewell of TLS would stand behind what the client does not take.
      context.closeAtOnce(promise: nil)
    } else {
      watch(context)
    }
  }

  /// Bytes that the kernel did not take yet.
  private static func waiting(_ context: ChannelHandlerContext) -> Int {
    // A channel that is closed has no options and nothing that waits.
    (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
  }
}
