import Model
import NIOCore
import NIOPosix

/// The connections of one event loop to servers. It is used on that event loop alone.
final class UpstreamPool {
  struct Limits: Sendable {
    /// Connections to one server.
    var maximum = 100
    /// Those of them that wait for a call.
    var kept = 50
    var expiry = TimeAmount.seconds(30)

    /// The part of one of several event loops. All parts together are the whole, but no event loop is without a
    /// connection, and none keeps no connection while others keep some.
    func part(_ index: Int, of count: Int) -> Limits {
      let share = { (whole: Int) in max(1, whole / count + (index < whole % count ? 1 : 0)) }
      var part = self
      (part.maximum, part.kept) = (share(maximum), kept == 0 ? 0 : share(kept))
      return part
    }
  }

  /// Opens a connection within a time, and adds the handlers of its channel. Tests have their own.
  typealias Opener = (
    ServerAddress.Origin, TimeAmount, @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
  ) -> EventLoopFuture<any Channel>

  let trust: ServerTrust
  let open: Opener

  let eventLoop: any EventLoop
  let limits: Limits
  private var origins: [Int: OriginPool] = [:]
  /// The number of pools at which those that nothing needs are looked for.
  private var bound = UpstreamPool.leastBound

  private static let leastBound = 16

  init(
    on eventLoop: any EventLoop, _ limits: Limits, trust: ServerTrust = ServerTrust(), open: Opener? = nil
  ) {
    self.eventLoop = eventLoop
    self.open = open ?? { Self.connect(on: eventLoop, $0, $1, $2) }
    self.trust = trust
    self.limits = limits
  }

  func origin(of server: UpstreamServer) -> OriginPool {
    if let pool = origins[server.originNumber] { return pool }
    if origins.count >= bound {
      forgetUnneeded()
      bound = max(Self.leastBound, origins.count * 2)
    }
    let pool = OriginPool(self, server.origin)
    origins[server.originNumber] = pool
    return pool
  }

  /// The number of servers with a pool.
  var count: Int { origins.count }

  /// The connections, by server.
  func figures() -> [PoolFigures] {
    forgetUnneeded()
    return origins.values.map(\.figures)
  }

  private func forgetUnneeded() { origins = origins.filter { $0.value.isNeeded } }

  /// Each connection keeps the memory that it read into last. Small answers are many, and a large one gets more soon.
  private static let pieces = AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 512, maximum: 64 << 10)

  private static func connect(
    on eventLoop: any EventLoop, _ origin: ServerAddress.Origin, _ time: TimeAmount,
    _ initialize: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
  ) -> EventLoopFuture<any Channel> {
    let bootstrap = ClientBootstrap(group: eventLoop)
      .connectTimeout(time)
      .channelOption(ChannelOptions.recvAllocator, value: pieces)
      .channelInitializer(initialize)
    if let address = try? SocketAddress(ipAddress: origin.host, port: origin.port) {
      return bootstrap.connect(to: address)
    }
    let found = NameLookups.ofProcess.addresses(of: origin.host, port: origin.port, on: eventLoop)
    return bootstrap.resolver(FoundAddresses(all: found)).connect(host: origin.host, port: origin.port)
  }
}
