import NIOCore
import NIOEmbedded
import Testing

@testable import Gateway

/// A call that has a connection.
private final class Receiver: UpstreamReceiver {
  private(set) var failure: UpstreamFailure?

  func upstreamSent(informational head: ResponseHead) {}
  func upstreamSent(head: ResponseHead) {}
  func upstreamSent(body: ByteBuffer) {}
  func upstreamSent(trailers: TrailerSection) {}
  func upstreamEnded() {}
  func upstreamPaused() {}
  func upstreamFailed(_ failure: UpstreamFailure) { self.failure = failure }
  func upstreamWritabilityChanged(_ isWritable: Bool) {}
}

@Suite("Connections to a server that wait for the clients of their calls")
struct ClientWaitTests {
  private struct Call {
    let connection: UpstreamConnection
    let receiver = Receiver()

    /// Begins a request and sends its head.
    init(_ call: PoolByHand.Call) throws {
      connection = try #require(call.connection)
      connection.begin(receiver, isHead: false, read: .seconds(30), write: .seconds(30))
      send(count: 10)
    }

    func send(count: Int) {
      connection.write(ByteBuffer(repeating: 0x61, count: count))
      connection.flush()
    }
  }

  /// Begins calls whose clients don't go on.
  private func stall(_ count: Int, in pool: PoolByHand) throws -> [Call] {
    try (0..<count).map { _ in
      let wish = pool.wish().call
      try pool.succeed()
      let call = try Call(wish)
      pool.loop.advanceTime(by: ClientWait.shortest)
      return call
    }
  }

  private func answer(_ channel: EmbeddedChannel, _ text: String) throws {
    try channel.writeInbound(ByteBuffer(string: text))
  }

  @Test("take no place from other calls while a body does not go on, but for the first moment")
  func bodies() throws {
    let pool = PoolByHand(maximum: 1)
    let first = pool.wish().call
    try pool.succeed()
    let slow = [try Call(first)]
    pool.wish().wish.cancel()
    #expect(pool.openings.isEmpty)
    pool.loop.advanceTime(by: ClientWait.shortest)
    let other = pool.wish().call
    #expect(pool.openings.count == 1)
    try pool.succeed()
    #expect(other.connection != nil)
    let third = pool.wish().call
    #expect(pool.openings.isEmpty && third.connection == nil, "the server works on a call")
    slow[0].connection.endRequest()
    #expect(pool.openings.isEmpty)
    try pool.channels[1].close().wait()
    #expect(pool.openings.isEmpty, "the server works on the other call now")
    try answer(pool.channels[0], "HTTP/1.1 204 No Content\r\n\r\n")
    #expect(third.connection === slow[0].connection)
  }

  @Test("take no place while an answer is not taken, and a call that waited gets it at once")
  func answers() throws {
    let pool = PoolByHand(maximum: 1)
    let slow = try stall(1, in: pool)
    slow[0].connection.endRequest()
    let other = pool.wish().call
    #expect(pool.openings.isEmpty)
    slow[0].connection.pause()
    pool.loop.advanceTime(by: ClientWait.shortest)
    #expect(pool.openings.count == 1)
    try pool.succeed()
    #expect(other.connection != nil)
    slow[0].connection.resume()
    _ = pool.wish()
    #expect(pool.openings.isEmpty, "the server goes on")
  }

  @Test("are given up when they are very many and others need one: the one that waited longest first, after a second")
  func displaced() throws {
    let pool = PoolByHand(maximum: 1)
    var calls: [Call] = []
    for _ in 0..<5 {
      calls += try stall(1, in: pool)
      pool.loop.advanceTime(by: .milliseconds(100))
    }
    let others = (0..<2).map { _ in pool.wish().call }
    #expect(pool.openings.isEmpty && calls.allSatisfy { $0.receiver.failure == nil })
    pool.loop.advanceTime(by: .milliseconds(479))
    #expect(pool.openings.isEmpty)
    pool.loop.advanceTime(by: .milliseconds(1))
    #expect(calls.map(\.receiver.failure) == [.displaced, nil, nil, nil, nil])
    #expect(pool.openings.count == 1 && !pool.channels[0].isActive)
    try pool.succeed()
    #expect(others[0].connection != nil && others[1].connection == nil)
    let last = try Call(others[0])
    pool.loop.advanceTime(by: .milliseconds(104))
    #expect(calls[1].receiver.failure == nil)
    pool.loop.advanceTime(by: .milliseconds(1))
    #expect(calls.map(\.receiver.failure) == [.displaced, .displaced, nil, nil, nil])
    try pool.succeed()
    #expect(others[1].connection != nil && last.receiver.failure == nil)
    pool.loop.advanceTime(by: .seconds(10))
    #expect(calls[2...].allSatisfy { $0.receiver.failure == nil }, "nobody else needs one")
  }

  @Test("wait anew when their client went on, and not when it sent a few bytes only")
  func progress() throws {
    let pool = PoolByHand(maximum: 1)
    let calls = try stall(5, in: pool)
    pool.loop.advanceTime(by: .milliseconds(900))
    for (call, count) in zip(calls, [4096, 4096, 1, 4096, 4096]) { call.send(count: count) }
    _ = pool.wish()
    pool.loop.advanceTime(by: .milliseconds(200))
    #expect(calls.map(\.receiver.failure) == [nil, nil, .displaced, nil, nil])
  }
}
