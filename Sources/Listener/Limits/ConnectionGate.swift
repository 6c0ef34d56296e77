import Clocks
import Glibc
import Logging
import NIOCore
import Synchronization

/// Stands first in the pipeline of the listening socket: each connection that is accepted passes by, and nothing is
/// accepted while the limiter wants none.
///
/// It hands connections to `GateExit`, past the bootstrap's own handler. That one would go to the event loop of the
/// connection to add handlers, and come back, before the socket goes there again to make the connection active.
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

  /// Adds the handlers of a connection, on its event loop.
  typealias Preparation = @Sendable (any Channel, ConnectionPlace) throws -> Void

  private final class Pause: Sendable {
    let isOn = Atomic(false)
  }

  private let limiter: ConnectionLimiter
  private let logger: Logger
  private let prepare: Preparation
  private let exit = GateExit()
  private static let largestBatch: UInt = 64
  /// Connections that are accepted in one turn of the event loop.
  private var batch: UInt = 1
  private var isPaused = false
  /// The same for the event loops of connections.
  private let pause = Pause()
  /// Called on the event loop of a connection that was closed.
  private var whenClosed: @Sendable () -> Void = {}
  /// After an error of accept: not before this.
  private var restsUntil = Duration.zero
  private var recheck: Scheduled<Void>?
  private var isLogDue = true
  private var lastError: (any Error)?

  /// - Parameter prepare: called for each connection that has a place.
  init(limiter: ConnectionLimiter, logger: Logger, prepare: @escaping Preparation) {
    self.limiter = limiter
    self.logger = logger
    self.prepare = prepare
  }

  func handlerAdded(context: ChannelHandlerContext) {
    setBatch(1, context)
    let gate = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    whenClosed = { [pause] in
      // Otherwise each of thousands that are closed at once would be one more task.
      guard pause.isOn.load(ordering: .sequentiallyConsistent) else { return }
      gate.eventLoop.execute {
        let (gate, context) = gate.value
        gate.resume(context)
      }
    }
  }

  func channelActive(context: ChannelHandlerContext) {
    do {
      // The bootstrap has added its handler by now.
      try context.pipeline.syncOperations.addHandler(exit)
    } catch {
      return context.close(promise: nil)
    }
    context.fireChannelActive()
  }

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
    whenClosed = {}
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let channel = unwrapInboundIn(data)
    let outcome = limiter.take(channel, whenClosed: whenClosed)
    if let place = outcome.place { open(channel, place, data) }
    guard isPaused || !outcome.isRoutine else { return }
    settle(context)
    report(context)
  }

  /// Opens a connection that has a place.
  private func open(_ channel: any Channel, _ place: ConnectionPlace, _ data: NIOAny) {
    if channel.eventLoop.inEventLoop {
      ConnectionGate.addHandlers(to: channel, place, prepare)
    } else {
      channel.eventLoop.execute { [prepare] in ConnectionGate.addHandlers(to: channel, place, prepare) }
    }
    // The socket makes the connection active in a later task of its event loop.
    exit.handOn(data)
  }

  private static func addHandlers(to channel: any Channel, _ place: ConnectionPlace, _ prepare: Preparation) {
    do {
      try prepare(channel, place)
    } catch {
      channel.close(promise: nil)
    }
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

/// Stands last in the pipeline of the listening socket, which makes a connection active when it leaves the pipeline.
private final class GateExit: ChannelInboundHandler {
  typealias InboundIn = any Channel
  typealias InboundOut = any Channel

  private var context: ChannelHandlerContext?

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }
  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  /// - Parameter connection: has its handlers, or gets them on its event loop before.
  func handOn(_ connection: NIOAny) { context?.fireChannelRead(connection) }
}
