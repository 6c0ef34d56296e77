import Clocks
import Glibc
import Logging
import NIOCore
import Synchronization

/// Stands first in the pipeline of the listening socket: each connection that is accepted passes by, and nothing is
/// accepted while the limiter wants none.
///
/// Switching `autoRead` off takes the socket out of the event loop's poll. Only so does it stay quiet after an error
/// of accept, too: the kernel reports the socket as readable until a connection was taken from it.
final class ConnectionGate: ChannelDuplexHandler {
  typealias InboundIn = any Channel
  typealias InboundOut = any Channel
  typealias OutboundIn = Never
  typealias OutboundOut = Never

  /// Without a descriptor or memory for the next connection, accept rests this long.
  private static let rest = Duration.milliseconds(200)
  /// At most one line in this time.
  private static let logInterval = TimeAmount.seconds(10)

  private final class Pause: Sendable {
    let isOn = Atomic(false)
  }

  private let limiter: ConnectionLimiter
  private let logger: Logger
  private static let largestBatch: UInt = 64
  /// Connections that are accepted in one turn of the event loop.
  private var batch: UInt = 1
  private var isPaused = false
  /// The same for the event loops of connections.
  private let pause = Pause()
  /// After an error of accept: not before this.
  private var restsUntil = Duration.zero
  private var recheck: Scheduled<Void>?
  private var isLogDue = true
  private var lastError: (any Error)?

  init(limiter: ConnectionLimiter, logger: Logger) {
    self.limiter = limiter
    self.logger = logger
  }

  func handlerAdded(context: ChannelHandlerContext) { setBatch(1, context) }

  /// An event loop under load comes here rarely. With room for many connections it accepts many at once; else one, so
  /// that a decision falls before the next.
  private func adaptBatch(_ context: ChannelHandlerContext) {
    let most = limiter.hasRoom(for: Int(Self.largestBatch)) ? Self.largestBatch : 1
    if most != batch { setBatch(most, context) }
  }

  private func setBatch(_ count: UInt, _ context: ChannelHandlerContext) {
    batch = count
    // Only a socket that was closed meanwhile takes no options.
    try? context.channel.syncOptions?.setOption(.maxMessagesPerRead, value: count)
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    adaptBatch(context)
    context.fireChannelReadComplete()
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    recheck?.cancel()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let channel = unwrapInboundIn(data)
    let gate = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    let isTaken = limiter.take(channel)
    channel.closeFuture.whenComplete { [pause] _ in
      // Otherwise each of thousands that are closed at once would be one more task.
      guard pause.isOn.load(ordering: .sequentiallyConsistent) else { return }
      gate.eventLoop.execute {
        let (gate, context) = gate.value
        gate.resume(context)
      }
    }
    if isTaken { context.fireChannelRead(data) }
    settle(context)
    report(context)
  }

  func read(context: ChannelHandlerContext) {
    if !isPaused { context.read() }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    restsUntil = SteadyClock.now() + Self.rest
    lastError = error
    settle(context)
    report(context)
    // The error was about a connection that is not there, not about the server: nobody behind has to know.
  }

  /// A connection was closed.
  private func resume(_ context: ChannelHandlerContext) {
    if isPaused { settle(context) }
  }

  /// Pauses or goes on, as the limiter says.
  private func settle(_ context: ChannelHandlerContext) {
    guard context.channel.isActive else { return }
    let now = SteadyClock.now()
    var end = restsUntil > now ? restsUntil : nil
    if end == nil, case .paused(let until) = limiter.acceptance(waiting: limiter.isFull ? waiting(context) : 0) {
      end = until
    }
    recheck?.cancel()
    recheck = nil
    if let end {
      let gate = NIOLoopBound((self, context), eventLoop: context.eventLoop)
      recheck = context.eventLoop.scheduleTask(in: TimeAmount(max(.zero, end - now))) {
        let (gate, context) = gate.value
        gate.settle(context)
      }
    }
    guard isPaused != (end != nil) else { return }
    isPaused = end != nil
    pause.isOn.store(isPaused, ordering: .sequentiallyConsistent)
    try? context.channel.syncOptions?.setOption(.autoRead, value: !isPaused)
    // A connection that was closed in between told nobody.
    if isPaused { settle(context) }
  }

  /// Connections that wait in the kernel's queue. Of a listening socket TCP_INFO gives that as `tcpi_unacked`
  /// (`tcp_get_info` of Linux).
  private func waiting(_ context: ChannelHandlerContext) -> Int {
    var count = 0
    // On the loop of the channel the future has its value at once.
    (context.channel as? any SocketOptionProvider)?.getTCPInfo().assumeIsolated().whenSuccess { info in
      count = Int(info.tcpi_unacked)
    }
    return count
  }

  /// Says what was done, at once and then at most once in the interval.
  private func report(_ context: ChannelHandlerContext) {
    guard isLogDue else { return }
    let toll = limiter.collectToll()
    guard toll != ConnectionLimiter.Toll() || lastError != nil else { return }
    isLogDue = false
    if toll != ConnectionLimiter.Toll() {
      logger.warning(
        "connections closed to make room; MAX_CONNECTIONS and MAX_CONNECTIONS_PER_ADDRESS are the bounds",
        metadata: [
          "connections.idle.closed": .stringConvertible(toll.closed),
          "connections.refused.full": .stringConvertible(toll.withoutPlace),
          "connections.refused.address": .stringConvertible(toll.overShare),
        ])
    }
    if let error = lastError {
      logger.error("a connection could not be accepted; accepting rests for a moment", metadata: ["error": "\(error)"])
      lastError = nil
    }
    let gate = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    context.eventLoop.scheduleTask(in: Self.logInterval) {
      let (gate, context) = gate.value
      gate.isLogDue = true
      gate.report(context)
    }
  }
}
