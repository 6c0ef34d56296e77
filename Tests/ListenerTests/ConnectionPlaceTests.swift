import Clocks
import Foundation
import Model
import NIOCore
import NIOEmbedded
import Synchronization
import TestSupport
import Testing

@testable import Listener

@Suite("The place of a connection")
struct ConnectionPlaceTests {
  private func place(of limiter: ConnectionLimiter, _ channel: EmbeddedChannel) throws -> ConnectionPlace {
    try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 1)).wait()
    return try #require(limiter.take(channel).place)
  }

  private func limiter(maximum: Int) -> ConnectionLimiter {
    ConnectionLimiter(
      .init(maximum: maximum, loopbackPlaces: 0, grace: .zero, slowRequest: .zero)
    ) { _ in false }
  }

  private func connected() throws -> EmbeddedChannel {
    let channel = EmbeddedChannel()
    try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 1)).wait()
    return channel
  }

  private func isTaken(_ limiter: ConnectionLimiter) throws -> Bool { try limiter.take(connected()).place != nil }

  @Test("begins no request once it is being closed for another one")
  func closing() throws {
    let limiter = limiter(maximum: 1)
    let channel = EmbeddedChannel()
    let place = try place(of: limiter, channel)
    #expect(place.note(.answering, at: SteadyClock.microseconds()))
    #expect(place.note(.idle, at: SteadyClock.microseconds()))
    #expect(try isTaken(limiter))
    #expect(!place.note(.answering, at: SteadyClock.microseconds()))
    #expect(!channel.isActive)
  }

  @Test("is not given away while its request is answered, even if the limiter knew it as idle")
  func answering() throws {
    let limiter = limiter(maximum: 1)
    let place = try place(of: limiter, EmbeddedChannel())
    #expect(place.note(.idle, at: SteadyClock.microseconds()))
    // The limiter learns of the idle connection here.
    _ = limiter.acceptance(waiting: 1)
    #expect(place.note(.answering, at: SteadyClock.microseconds()))
    #expect(try !isTaken(limiter))
  }

  /// Its channel has buffers. After a peak nobody may come for long.
  @Test("is given up with its channel when the last connection has ended, though no new one comes")
  func end() throws {
    let limiter = limiter(maximum: 10)
    weak var held: EmbeddedChannel?
    do {
      let channel = EmbeddedChannel()
      let place = try place(of: limiter, channel)
      #expect(place.note(.answering, at: SteadyClock.microseconds()))
      held = channel
      try channel.close().wait()
      channel.embeddedEventLoop.run()
    }
    #expect(held == nil)
  }

  @Test("is given up with its channel when many connections have ended, though others stay")
  func manyEnds() throws {
    let limiter = limiter(maximum: 1000)
    let other = try connected()
    #expect(limiter.take(other).place != nil)
    var ended: [EmbeddedChannel] = []
    weak var held: EmbeddedChannel?
    for number in 0..<100 {
      let channel = EmbeddedChannel()
      let place = try place(of: limiter, channel)
      #expect(place.note(.answering, at: SteadyClock.microseconds()))
      if number == 0 { held = channel }
      ended.append(channel)
    }
    while let channel = ended.popLast() {
      try channel.close().wait()
      channel.embeddedEventLoop.run()
    }
    #expect(held == nil)
  }

  @Test("counts as idle since its last request, not since it came")
  func idleSinceRequest() throws {
    let limiter = ConnectionLimiter(
      .init(maximum: 2, loopbackPlaces: 0, grace: .zero, slowRequest: .zero)
    ) { _ in false }
    let (old, young) = (EmbeddedChannel(), EmbeddedChannel())
    let (first, second) = (try place(of: limiter, old), try place(of: limiter, young))
    #expect(second.note(.idle, at: SteadyClock.microseconds()))
    #expect(first.note(.answering, at: SteadyClock.microseconds()))
    #expect(first.note(.idle, at: SteadyClock.microseconds() + 1000))
    #expect(try isTaken(limiter))
    #expect(old.isActive)
    #expect(!young.isActive)
  }

  @Test("counts as idle since its last request, though the limiter learns of that after others came")
  func idleBeforeOthers() throws {
    let limiter = limiter(maximum: 3)
    let channels = (0..<3).map { _ in EmbeddedChannel() }
    let first = try place(of: limiter, channels[0])
    #expect(first.note(.answering, at: SteadyClock.microseconds()))
    #expect(first.note(.idle, at: SteadyClock.microseconds()))
    for channel in channels.dropFirst() {
      let place = try place(of: limiter, channel)
      #expect(place.note(.idle, at: SteadyClock.microseconds()))
    }
    #expect(try isTaken(limiter))
    #expect(channels.map(\.isActive) == [false, true, true])
  }

  @Test("has the address of its client, and its end is told")
  func client() throws {
    let limiter = limiter(maximum: 1)
    let ends = Atomic(0)
    let channel = try connected()
    let outcome = limiter.take(channel) { ends.add(1, ordering: .relaxed) }
    #expect(outcome.place?.client?.description == "192.0.2.1")
    #expect(!outcome.isRoutine, "the next one finds no room")
    #expect(ends.load(ordering: .relaxed) == 0)
    try channel.close().wait()
    channel.embeddedEventLoop.run()
    #expect(ends.load(ordering: .relaxed) == 1)
    #expect(!limiter.isFull)
  }

  @Test("is given away or begins a request, never both, however the two meet")
  func race() async throws {
    for _ in 0..<200 {
      let limiter = limiter(maximum: 1)
      let place = try place(of: limiter, EmbeddedChannel())
      #expect(place.note(.idle, at: SteadyClock.microseconds()))
      let other = try connected()
      let begins = Mutex<Bool?>(nil)
      let thread = Thread { begins.withLock { $0 = place.note(.answering, at: SteadyClock.microseconds()) } }
      thread.start()
      let isTaken = limiter.take(other).place != nil
      let hasBegun = await eventuallyTrue { begins.withLock { $0 } != nil }
      #expect(hasBegun)
      #expect(begins.withLock { $0 } == !isTaken)
    }
  }
}
