import Glibc
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

@testable import Gateway

@Suite("The connections to one server, over sockets")
struct OriginPoolSocketTests {
  /// A call.
  private final class Taker: ConnectionTaker {
    private(set) var connection: UpstreamConnection?
    private(set) var failure: UpstreamFailure?
    /// The use of a connection at once.
    var use: (UpstreamConnection) -> Void = { _ in }

    func took(_ connection: UpstreamConnection) {
      self.connection = connection
      use(connection)
    }

    func tookNone(_ failure: UpstreamFailure) { self.failure = failure }
  }

  /// The pool and the calls, on their event loop.
  private final class Fixture: UpstreamReceiver {
    /// How the call failed that `taker` made.
    private(set) var failure: UpstreamFailure?
    let pools: UpstreamPool
    let pool: OriginPool
    let taker = Taker()

    init(_ eventLoop: any EventLoop, _ limits: UpstreamPool.Limits, _ server: UpstreamServer) {
      pools = UpstreamPool(on: eventLoop, limits)
      pool = pools.origin(of: server)
    }

    func upstreamFailed(_ failure: UpstreamFailure) { self.failure = failure }
    func upstreamSent(informational head: ResponseHead) {}
    func upstreamSent(head: ResponseHead) {}
    func upstreamSent(body: ByteBuffer) {}
    func upstreamSent(trailers: TrailerSection) {}
    func upstreamEnded() {}
    func upstreamPaused() {}
    func upstreamWritabilityChanged(_ isWritable: Bool) {}

    func wish(_ taker: Taker) -> ConnectionWish {
      pool.wish(taker, connect: .seconds(30), wait: .seconds(30))
    }
  }

  private func withPool(
    maximum: Int, kept: Int, accepted: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>,
    _ body: (any EventLoop, NIOLoopBound<Fixture>) async throws -> Void
  ) async throws {
    // The server has a thread of its own.
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    defer { group.shutdownGracefully { _ in } }
    let (loop, other) = (group.next(), group.next())
    let listener = try await ServerBootstrap(group: other)
      .childChannelInitializer(accepted)
      .bind(host: "127.0.0.1", port: 0).get()
    let port = try #require(listener.localAddress?.port)
    let server = try #require(ServerRegistry().server("http://127.0.0.1:\(port)")).server
    let fixture = try await loop.submit {
      NIOLoopBound(Fixture(loop, UpstreamPool.Limits(maximum: maximum, kept: kept), server), eventLoop: loop)
    }.get()
    try await body(loop, fixture)
  }

  /// Waits until a condition on the pool holds.
  private func becomes(
    _ loop: any EventLoop, _ fixture: NIOLoopBound<Fixture>, _ condition: @escaping @Sendable (Fixture) -> Bool
  ) async throws -> Bool {
    let end = ContinuousClock.now + .seconds(30)
    while ContinuousClock.now < end {
      if try await loop.submit({ condition(fixture.value) }).get() { return true }
      try await Task.sleep(for: .milliseconds(1))
    }
    return false
  }

  @Test("are not counted any more when the calls left that they were opened for")
  func left() async throws {
    try await withPool(maximum: 2, kept: 0, accepted: { $0.eventLoop.makeSucceededVoidFuture() }) { loop, fixture in
      for _ in 0..<5 {
        try await loop.submit {
          let (fixture, taker) = (fixture.value, Taker())
          for wish in [fixture.wish(taker), fixture.wish(taker)] { wish.cancel() }
          #expect(fixture.pool.opening == 2)
        }.get()
        try #require(await becomes(loop, fixture) { $0.pool.opening == 0 && $0.pool.open == 0 })
      }
      // The places are free.
      try await loop.submit { _ = fixture.value.wish(fixture.value.taker) }.get()
      #expect(try await becomes(loop, fixture) { $0.taker.connection != nil })
      try await loop.submit { fixture.value.taker.connection?.close() }.get()
      #expect(try await becomes(loop, fixture) { $0.pool.open == 0 })
    }
  }
  @Test("make room for a new one that a call waits for, when they are kept")
  func room() async throws {
    try await withPool(maximum: 1, kept: 1, accepted: { $0.eventLoop.makeSucceededVoidFuture() }) { loop, fixture in
      try await loop.submit { _ = fixture.value.wish(fixture.value.taker) }.get()
      try #require(await becomes(loop, fixture) { $0.taker.connection != nil })
      let second = try await loop.submit {
        let (fixture, second) = (fixture.value, Taker())
        if let connection = fixture.taker.connection { fixture.pool.release(connection) }
        _ = fixture.wish(second)
        return NIOLoopBound(second, eventLoop: loop)
      }.get()
      try #require(await becomes(loop, fixture) { _ in second.value.connection != nil })
      try await loop.submit {
        let (fixture, second) = (fixture.value, second.value)
        #expect(second.connection !== fixture.taker.connection)
        #expect(fixture.pool.open == 1)
        second.connection?.close()
      }.get()
    }
  }

  @Test("tell a call that they ended, even if that was seen in its first write")
  func reset() async throws {
    let server = Mutex<(any Channel)?>(nil)
    let isOver = Mutex(false)
    let accepted = { @Sendable (channel: any Channel) in
      server.withLock { $0 = channel }
      channel.closeFuture.whenComplete { _ in isOver.withLock { $0 = true } }
      guard let options = channel as? any SocketOptionProvider else { return channel.close() }
      // With this linger time, the end is a reset.
      return options.setSoLinger(linger(l_onoff: 1, l_linger: 0))
    }
    try await withPool(maximum: 1, kept: 1, accepted: accepted) { loop, fixture in
      try await loop.submit {
        let fixture = fixture.value
        fixture.taker.use = { [unowned fixture] connection in
          connection.begin(fixture, isHead: false, read: .hours(1), write: .hours(1))
          let channel = eventually { server.withLock { $0 } }
          channel?.close(promise: nil)
          #expect(eventually { isOver.withLock { $0 } ? true : nil } == true)
          Array("GET / HTTP/1.1\r\n\r\n".utf8).withUnsafeBytes { connection.send($0) }
        }
        _ = fixture.wish(fixture.taker)
      }.get()
      #expect(try await becomes(loop, fixture) { $0.failure == .closedBeforeAnswer && $0.pool.open == 0 })
    }
  }
}
