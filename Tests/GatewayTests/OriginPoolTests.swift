import Model
import NIOCore
import NIOEmbedded
import Testing

@testable import Gateway

@Suite("The connections to one server")
struct OriginPoolTests {
  @Test("go to waiting calls in the order in which these came")
  func order() throws {
    let pool = PoolByHand(maximum: 1)
    let calls = (0..<3).map { _ in pool.wish().call }
    #expect(pool.openings.count == 1 && pool.figures == [0, 0, 3])
    try pool.succeed()
    for (number, call) in calls.enumerated() {
      let connection = try #require(call.connection)
      #expect(calls[(number + 1)...].allSatisfy { $0.connection == nil })
      pool.origin.release(connection)
    }
    #expect(pool.figures == [1, 1, 0])
    #expect(pool.origin.takeIdle() === calls[0].connection && pool.origin.takeIdle() == nil)
  }

  @Test("are no more than the bound, and no more are kept than may be")
  func bounds() throws {
    let pool = PoolByHand(maximum: 3, kept: 1)
    let calls = (0..<5).map { _ in pool.wish().call }
    #expect(pool.openings.count == 3)
    for _ in 0..<3 { try pool.succeed() }
    #expect(pool.openings.isEmpty && pool.figures == [3, 0, 2])
    for call in calls { pool.origin.release(try #require(call.connection)) }
    #expect(pool.figures == [1, 1, 0])
    #expect(pool.channels.count(where: \.isActive) == 1)
  }

  @Test("serve one call each when none may be kept, also while other calls wait")
  func noneKept() throws {
    let pool = PoolByHand(maximum: 1, kept: 0)
    let (first, second) = (pool.wish().call, pool.wish().call)
    let channel = try pool.succeed()
    pool.origin.release(try #require(first.connection))
    #expect(!channel.isActive && second.connection == nil && pool.openings.count == 1)
    try pool.succeed()
    #expect(second.connection?.isOpen == true && second.connection !== first.connection)
    #expect(pool.figures == [1, 0, 0])
  }

  @Test("are closed when no call takes them in time, and a call begins that time anew")
  func expiry() throws {
    let pool = PoolByHand()
    let first = pool.wish().call
    let channel = try pool.succeed()
    let connection = try #require(first.connection)
    pool.origin.release(connection)
    pool.loop.advanceTime(by: .seconds(29))
    #expect(pool.origin.takeIdle() === connection)
    pool.loop.advanceTime(by: .seconds(100))
    #expect(channel.isActive, "a call has it")
    pool.origin.release(connection)
    pool.loop.advanceTime(by: .seconds(29))
    #expect(channel.isActive)
    pool.loop.advanceTime(by: .seconds(1))
    #expect(!channel.isActive && pool.figures == [0, 0, 0] && pool.origin.takeIdle() == nil)
  }

  @Test("are not given to a call whose wait is over or that left, which frees its place")
  func ended() throws {
    let pool = PoolByHand(maximum: 1)
    let (late, left, last) = (pool.wish(wait: .seconds(1)), pool.wish(), pool.wish())
    pool.loop.advanceTime(by: .seconds(1))
    left.wish.cancel()
    #expect(late.call.failure == .crowded && left.call.failure == nil && pool.figures == [0, 0, 1])
    try pool.succeed()
    #expect(late.call.connection == nil && left.call.connection == nil && last.call.connection != nil)
    pool.loop.advanceTime(by: .seconds(60))
    #expect(last.call.failure == nil, "its wait is over")
    late.wish.cancel()
    #expect(pool.figures == [1, 0, 0])
  }

  @Test("fail for one waiting call each, and the others get new ones")
  func failure() throws {
    let pool = PoolByHand(maximum: 1)
    let calls = (0..<3).map { _ in pool.wish().call }
    pool.fail()
    #expect(calls.map(\.failure) == [.unreachable, nil, nil] && pool.openings.count == 1)
    #expect(pool.openings.first?.time == .seconds(5))
    pool.fail(ChannelError.connectTimeout(.seconds(5)))
    #expect(calls.map(\.failure) == [.unreachable, .connectTimeout, nil])
    try pool.succeed()
    #expect(calls[2].connection != nil && pool.figures == [1, 0, 0])
    #expect(pool.origin.newestFault != nil)
  }

  @Test("tell nobody of a failure when another connection served the call meanwhile")
  func servedMeanwhile() throws {
    let pool = PoolByHand()
    let first = pool.wish().call
    try pool.succeed()
    let second = pool.wish().call
    pool.origin.release(try #require(first.connection))
    #expect(second.connection === first.connection)
    pool.fail()
    #expect(second.failure == nil && pool.figures == [1, 0, 0])
    let (third, fourth) = (pool.wish().call, pool.wish().call)
    pool.origin.release(try #require(second.connection))
    pool.fail()
    #expect(third.connection != nil && fourth.failure == nil, "another one is being opened for it")
    try pool.succeed()
    #expect(fourth.connection != nil)
  }

  @Test("are opened anew for a waiting call when one is closed")
  func closed() throws {
    let pool = PoolByHand(maximum: 1)
    let (first, second) = (pool.wish().call, pool.wish().call)
    let channel = try pool.succeed()
    try channel.close().wait()
    #expect(pool.openings.count == 1 && first.connection?.isOpen == false && second.connection == nil)
    try pool.succeed()
    #expect(second.connection?.isOpen == true && pool.figures == [1, 0, 0])
  }

  @Test("are forgotten when the server closes them while they wait")
  func closedIdle() throws {
    let pool = PoolByHand()
    let (first, second) = (pool.wish().call, pool.wish().call)
    let channels = try (0..<2).map { _ in try pool.succeed() }
    for call in [first, second] { pool.origin.release(try #require(call.connection)) }
    try channels[1].close().wait()
    #expect(pool.figures == [1, 1, 0])
    #expect(pool.origin.takeIdle() === first.connection && pool.origin.takeIdle() == nil)
  }

  @Test("count as not reached, and are not counted as open, when they are closed before the pool knows them")
  func closedAtOnce() throws {
    let pool = PoolByHand(maximum: 1)
    let (first, second) = (pool.wish().call, pool.wish().call)
    try pool.succeed(closed: true)
    #expect(first.failure == .unreachable && pool.figures == [0, 0, 1] && pool.openings.count == 1)
    try pool.succeed()
    #expect(second.connection != nil && pool.figures == [1, 0, 0])
  }

  @Test("remember few calls whose wait is over, also when none gets free for long")
  func endedWishes() throws {
    let pool = PoolByHand(maximum: 1)
    let busy = pool.wish().call
    try pool.succeed()
    let patient = pool.wish(wait: .hours(10)).call
    for number in 0..<10_000 {
      let (_, wish) = pool.wish(wait: .seconds(1))
      if number.isMultiple(of: 2) { wish.cancel() } else { pool.loop.advanceTime(by: .seconds(1)) }
      #expect(pool.origin.queueLength <= 32)
    }
    pool.origin.release(try #require(busy.connection))
    #expect(patient.connection != nil)
  }
}
