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
    pool.forgetEndedWishes()
    return taker
  }

  fileprivate var isOver: Bool { taker == nil }
}

/// The connections of one event loop to one server.
final class OriginPool {
  private unowned let pool: UpstreamPool
  private let origin: ServerAddress.Origin
  /// `nil` when no table names the origin any more, and no call uses it.
  private weak var owner: UpstreamOrigin?
  private var idle: [UpstreamConnection] = []
  private var wishes = CircularBuffer<ConnectionWish>()
  /// Connections that are open, and those that are being opened.
  private(set) var (open, opening) = (0, 0)
  private var waits = ClientWaits()
  /// Looks again for one that has waited too long.
  private var look: Scheduled<Void>?
  /// The newest fault of a connection, for the log.
  private(set) var newestFault: String?
  /// Calls that wait.
  fileprivate(set) var waiting = 0
  /// The time to open a connection that the newest wish had.
  private var connect = TimeAmount.seconds(5)

  init(_ pool: UpstreamPool, _ origin: UpstreamOrigin) {
    self.pool = pool
    self.origin = origin.address
    owner = origin
  }

  /// Whether the pool may still serve a call, or has something to do.
  var isNeeded: Bool { owner != nil || open + opening + waiting > 0 }

  var figures: PoolFigures {
    let host = origin.host.utf8.contains(UInt8(ascii: ":")) ? "[\(origin.host)]" : origin.host
    return PoolFigures(
      server: "\(origin.isSecure ? "https" : "http")://\(host):\(origin.port)", open: open, idle: idle.count,
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

  /// Waits for a connection, which is opened if there is room. A kept connection makes room.
  ///
  /// - Parameters:
  ///   - connect: the time to open one.
  ///   - wait: the time to wait while all are in use.
  func wish(_ taker: any ConnectionTaker, connect: TimeAmount, wait: TimeAmount) -> ConnectionWish {
    let wish = ConnectionWish(taker, self)
    wishes.append(wish)
    waiting += 1
    self.connect = connect
    if hasRoom {
      connectNew(within: connect)
    } else if !idle.isEmpty {
      idle.removeFirst().close()
    } else {
      displaceLater()
    }
    let bound = NIOLoopBound(wish, eventLoop: pool.eventLoop)
    wish.timer = pool.eventLoop.scheduleTask(in: wait) { bound.value.take()?.tookNone(.crowded) }
    return wish
  }

  /// A call is done with a connection, which can be used again, if any may be kept. A server that ends each connection
  /// after one answer would end it under the next call.
  func release(_ connection: UpstreamConnection) {
    if pool.limits.kept > 0 { offer(connection) } else { connection.close() }
  }

  /// Gives a connection to a call that waits, or keeps it.
  private func offer(_ connection: UpstreamConnection) {
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

  /// A connection that was counted is closed.
  private func forget(_ connection: UpstreamConnection) {
    open -= 1
    if let index = idle.firstIndex(where: { $0 === connection }) { idle.remove(at: index) }
    connectIfWished()
  }

  func note(_ error: any Error) { newestFault = "\(error)" }

  /// The number of wishes that are remembered, those that ended included.
  var queueLength: Int { wishes.count }

  /// While no connection gets free, only the ends of waits bound the queue.
  fileprivate func forgetEndedWishes() {
    if wishes.count > 2 * waiting + 16 { wishes.removeAll { $0.isOver } }
  }

  private func nextWish() -> (any ConnectionTaker)? {
    while let wish = wishes.popFirst() {
      if let taker = wish.take() { return taker }
    }
    return nil
  }

  private func connectIfWished() {
    guard waiting > opening else { return }
    if hasRoom { connectNew(within: connect) } else { displaceLater() }
  }

  private func connectNew(within time: TimeAmount) {
    opening += 1
    let bound = NIOLoopBound(self, eventLoop: pool.eventLoop)
    let opened = pool.open(origin, time) { channel in
      channel.eventLoop.makeCompletedFuture {
        let pool = bound.value
        if pool.origin.isSecure {
          try channel.pipeline.syncOperations.addHandler(pool.pool.trust.handler(for: pool.origin.host))
        }
        try channel.pipeline.syncOperations.addHandler(UpstreamConnection(pool, isSecure: pool.origin.isSecure))
      }
    }
    opened.hop(to: pool.eventLoop).whenComplete { bound.value.connected($0) }
  }

  private func connected(_ result: Result<any Channel, any Error>) {
    opening -= 1
    do {
      let channel = try result.get()
      let connection = try channel.pipeline.syncOperations.handler(type: UpstreamConnection.self)
      guard connection.isOpen else { throw ChannelError.ioOnClosedChannel }
      open += 1
      // NIO has no `channelInactive` for a connection that is closed right here, as its opening is not over yet.
      let bound = NIOLoopBound((self, connection), eventLoop: pool.eventLoop)
      channel.closeFuture.whenComplete { _ in bound.value.0.forget(bound.value.1) }
      offer(connection)
    } catch {
      note(error)
      // One that was released meanwhile may have served the call for which this one was opened.
      if waiting > opening { nextWish()?.tookNone(Self.isTimeout(error) ? .connectTimeout : .unreachable) }
      // Calls beyond the bound waited for this connection, too.
      connectIfWished()
    }
  }

  // MARK: Clients that are waited for

  /// The call of a connection waits for its client: the server has nothing to do.
  func beginWait(of connection: UpstreamConnection) {
    waits.insert(connection, now: pool.eventLoop.now)
    connectIfWished()
  }

  /// The call of a connection goes on.
  func endWait(of connection: UpstreamConnection) { waits.remove(connection) }

  /// Whether one more connection may be opened. Those that wait for clients take no place from other calls, as long as
  /// they are not very many.
  private var hasRoom: Bool {
    open + opening - min(waits.count, mostWaits) < pool.limits.maximum
  }

  private var mostWaits: Int { ClientWaits.most * pool.limits.maximum }

  /// Others need the connection of the call that has waited for its client the longest. Its time may not be over yet.
  private func displaceLater() {
    guard waiting > opening, waits.count > mostWaits, look == nil, let longest = waits.longest else { return }
    let bound = NIOLoopBound(self, eventLoop: pool.eventLoop)
    look = pool.eventLoop.scheduleTask(deadline: longest.wait.start + ClientWaits.patience) {
      bound.value.look = nil
      bound.value.displaceLongest()
    }
  }

  private func displaceLongest() {
    guard waiting > opening, waits.count > mostWaits, let longest = waits.longest else { return }
    if longest.wait.start + ClientWaits.patience <= pool.eventLoop.now { longest.displace() }
    displaceLater()
  }

  private static func isTimeout(_ error: any Error) -> Bool {
    if case ChannelError.connectTimeout = error { return true }
    guard let failures = (error as? NIOConnectionError)?.connectionErrors else { return false }
    return failures.contains { if case ChannelError.connectTimeout = $0.error { true } else { false } }
  }
}
