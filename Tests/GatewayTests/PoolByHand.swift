import Model
import NIOCore
import NIOEmbedded

@testable import Gateway

/// A pool whose connections are opened by hand.
final class PoolByHand {
  struct Opening {
    let time: TimeAmount
    let initialize: @Sendable (any Channel) -> EventLoopFuture<Void>
    let promise: EventLoopPromise<any Channel>
  }

  /// A call that waits.
  final class Call: ConnectionTaker {
    private(set) var connection: UpstreamConnection?
    private(set) var failure: UpstreamFailure?

    func took(_ connection: UpstreamConnection) { self.connection = connection }
    func tookNone(_ failure: UpstreamFailure) { self.failure = failure }
  }

  let loop = EmbeddedEventLoop()
  private var started: [Opening] = []
  /// The connections that are being opened.
  var openings: [Opening] {
    loop.run()
    return started
  }
  private(set) var channels: [EmbeddedChannel] = []
  private(set) var origin: OriginPool!
  private var pool: UpstreamPool!
  private let ring = ServerRegistry().ring(["http://a"], present: nil)

  init(maximum: Int = 10, kept: Int = 10) {
    let limits = UpstreamPool.Limits(maximum: maximum, kept: kept, expiry: .seconds(30))
    pool = UpstreamPool(on: loop, limits) { [unowned self] _, time, initialize in
      let promise = loop.makePromise(of: (any Channel).self)
      started.append(Opening(time: time, initialize: initialize, promise: promise))
      return promise.futureResult
    }
    origin = pool.origin(of: ring.servers[0])
  }

  var figures: [Int] {
    loop.run()
    return [origin.figures.open, origin.figures.idle, origin.figures.waiting]
  }

  func wish(wait: TimeAmount = .seconds(30)) -> (call: Call, wish: ConnectionWish) {
    let call = Call()
    return (call, origin.wish(call, connect: .seconds(5), wait: wait))
  }

  /// The oldest connection that is being opened is open.
  @discardableResult
  func succeed(closed: Bool = false) throws -> EmbeddedChannel {
    loop.run()
    let opening = started.removeFirst()
    let channel = EmbeddedChannel(handler: nil, loop: loop)
    try opening.initialize(channel).wait()
    try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    if closed {
      try channel.close().wait()
      loop.run()
    }
    channels.append(channel)
    opening.promise.succeed(channel)
    return channel
  }

  /// The oldest connection that is being opened can't be opened.
  func fail(_ error: any Error = ChannelError.connectPending) {
    loop.run()
    started.removeFirst().promise.fail(error)
  }
}
