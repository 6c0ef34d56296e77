import Model
import NIOCore
import NIOPosix

/// The end of a call's wait for a connection.
protocol ConnectionTaker: AnyObject {
  func took(_ connection: UpstreamConnection)
  func tookNone(_ failure: UpstreamFailure)
}

/// A call that waits for a connection.
final class ConnectionWish {
  private unowned let pool: OriginPool
  private var taker: (any ConnectionTaker)?
  fileprivate var timer: Scheduled<Void>?

  fileprivate init(_ taker: any ConnectionTaker, _ pool: OriginPool) {
    self.taker = taker
    self.pool = pool
  }

  /// The call does not wait any more.
  func cancel() { _ = take() }

  /// The call, if it still waits. After that it does not.
  fileprivate func take() -> (any ConnectionTaker)? {
    timer?.cancel()
    guard let taker else { return nil }
    self.taker = nil
    pool.waiting -= 1
    return taker
  }
}

/// The connections of one event loop to servers. It is used on that event loop alone.
final class UpstreamPool {
  struct Limits: Sendable {
    /// Connections to one server.
    var maximum = 100
    /// Those of them that wait for a call.
    var kept = 50
    var expiry = TimeAmount.seconds(30)
  }

  fileprivate let trust: ServerTrust

  fileprivate let eventLoop: any EventLoop
  fileprivate let limits: Limits
  private var origins: [Int: OriginPool] = [:]

  init(on eventLoop: any EventLoop, _ limits: Limits, trust: ServerTrust = ServerTrust()) {
    self.eventLoop = eventLoop
    self.trust = trust
    self.limits = limits
  }

  func origin(of server: UpstreamServer) -> OriginPool {
    if let pool = origins[server.originNumber] { return pool }
    let pool = OriginPool(self, server.address.origin)
    origins[server.originNumber] = pool
    return pool
  }

  /// The connections, by server.
  var figures: [PoolFigures] { origins.values.map(\.figures) }

  /// Closes the connections that wait for a call.
  func closeIdle() {
    for pool in origins.values { pool.closeIdle() }
  }
}

/// The connections of one event loop to one server.
final class OriginPool {
  private unowned let pool: UpstreamPool
  private let origin: ServerAddress.Origin
  private var idle: [UpstreamConnection] = []
  private var wishes = CircularBuffer<ConnectionWish>()
  /// Connections that are open, and those that are being opened.
  private var (open, opening) = (0, 0)
  /// The newest fault of a connection, for the log.
  private(set) var newestFault: String?
  /// Calls that wait.
  fileprivate(set) var waiting = 0
  /// The time to open a connection that the newest wish had.
  private var connect = TimeAmount.seconds(5)

  init(_ pool: UpstreamPool, _ origin: ServerAddress.Origin) {
    self.pool = pool
    self.origin = origin
  }

  var figures: PoolFigures {
    PoolFigures(
      server: "\(origin.isSecure ? "https" : "http")://\(origin.host):\(origin.port)", open: open, idle: idle.count,
      waiting: waiting)
  }

  /// A connection that waits for a call, if there is one.
  func takeIdle() -> UpstreamConnection? {
    while let connection = idle.popLast() {
      guard connection.isOpen else { continue }
      connection.wake()
      return connection
    }
    return nil
  }

  /// Waits for a connection, which is opened if there is room.
  ///
  /// - Parameters:
  ///   - connect: the time to open one.
  ///   - wait: the time to wait while all are in use.
  func wish(_ taker: any ConnectionTaker, connect: TimeAmount, wait: TimeAmount) -> ConnectionWish {
    let wish = ConnectionWish(taker, self)
    wishes.append(wish)
    waiting += 1
    self.connect = connect
    if open + opening < pool.limits.maximum { connectNew(within: connect) }
    let bound = NIOLoopBound(wish, eventLoop: pool.eventLoop)
    wish.timer = pool.eventLoop.scheduleTask(in: wait) { bound.value.take()?.tookNone(.crowded) }
    return wish
  }

  /// A call is done with a connection, which can be used again.
  func release(_ connection: UpstreamConnection) {
    if let wish = nextWish() {
      connection.wake()
      wish.took(connection)
    } else if idle.count < pool.limits.kept {
      idle.append(connection)
      connection.rest(for: pool.limits.expiry)
    } else {
      connection.close()
    }
  }

  /// A connection is closed.
  func forget(_ connection: UpstreamConnection) {
    open -= 1
    if let index = idle.firstIndex(where: { $0 === connection }) { idle.remove(at: index) }
    connectIfWished()
  }

  func note(_ error: any Error) { newestFault = "\(error)" }

  func closeIdle() {
    for connection in idle { connection.close() }
  }

  private func nextWish() -> (any ConnectionTaker)? {
    while let wish = wishes.popFirst() {
      if let taker = wish.take() { return taker }
    }
    return nil
  }

  private func connectIfWished() {
    if waiting > opening, open + opening < pool.limits.maximum { connectNew(within: connect) }
  }

  private func connectNew(within time: TimeAmount) {
    opening += 1
    let bound = NIOLoopBound(self, eventLoop: pool.eventLoop)
    ClientBootstrap(group: pool.eventLoop)
      .connectTimeout(time)
      .channelOption(ChannelOptions.socketOption(.tcp_nodelay), value: 1)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pool = bound.value
          if pool.origin.isSecure {
            try channel.pipeline.syncOperations.addHandler(pool.pool.trust.handler(for: pool.origin.host))
          }
          try channel.pipeline.syncOperations.addHandler(UpstreamConnection(pool))
        }
      }
      .connect(host: origin.host, port: origin.port)
      .hop(to: pool.eventLoop)
      .whenComplete { bound.value.connected($0) }
  }

  private func connected(_ result: Result<any Channel, any Error>) {
    opening -= 1
    do {
      let channel = try result.get()
      let connection = try channel.pipeline.syncOperations.handler(type: UpstreamConnection.self)
      // One that is closed already was taken off the count before.
      open += 1
      guard connection.isOpen else { throw ChannelError.ioOnClosedChannel }
      release(connection)
    } catch {
      note(error)
      // One that was released meanwhile may have served the call for which this one was opened.
      if waiting > opening { nextWish()?.tookNone(Self.isTimeout(error) ? .connectTimeout : .unreachable) }
      // Calls beyond the bound waited for this connection, too.
      connectIfWished()
    }
  }

  private static func isTimeout(_ error: any Error) -> Bool {
    if case ChannelError.connectTimeout = error { return true }
    guard let failures = (error as? NIOConnectionError)?.connectionErrors else { return false }
    return failures.contains { if case ChannelError.connectTimeout = $0.error { true } else { false } }
  }
}
