import Clocks
import Foundation
import NIOCore
import NIOEmbedded
import Synchronization
import Testing

@testable import Listener

@Suite("The place of a connection")
struct ConnectionPlaceTests {
  private func place(of limiter: ConnectionLimiter, _ channel: EmbeddedChannel) throws -> ConnectionPlace {
    try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 1)).wait()
    #expect(limiter.take(channel))
    return try #require(limiter.place(of: channel))
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

  private func isTaken(_ limiter: ConnectionLimiter) throws -> Bool { try limiter.take(connected()) }

  @Test("begins no request once it is being closed for another one")
  func closing() throws {
    let limiter = limiter(maximum: 1)
    let channel = EmbeddedChannel()
    let place = try place(of: limiter, channel)
    #expect(place.note(.answering, now: SteadyClock.now()))
    #expect(place.note(.idle, now: SteadyClock.now()))
    #expect(try isTaken(limiter))
    #expect(!place.note(.answering, now: SteadyClock.now()))
    #expect(!channel.isActive)
  }

  @Test("is not given away while its request is answered, even if the limiter knew it as idle")
  func answering() throws {
    let limiter = limiter(maximum: 1)
    let place = try place(of: limiter, EmbeddedChannel())
    #expect(place.note(.idle, now: SteadyClock.now()))
    // The limiter learns of the idle connection here.
    _ = limiter.acceptance(waiting: 1)
    #expect(place.note(.answering, now: SteadyClock.now()))
    #expect(try !isTaken(limiter))
  }

  @Test("counts as idle since its last request, not since it came")
  func idleSinceRequest() throws {
    let limiter = ConnectionLimiter(
      .init(maximum: 2, loopbackPlaces: 0, grace: .zero, slowRequest: .zero)
    ) { _ in false }
    let (old, young) = (EmbeddedChannel(), EmbeddedChannel())
    let (first, second) = (try place(of: limiter, old), try place(of: limiter, young))
    #expect(second.note(.idle, now: SteadyClock.now()))
    #expect(first.note(.answering, now: SteadyClock.now()))
    #expect(first.note(.idle, now: SteadyClock.now() + .milliseconds(1)))
    #expect(try isTaken(limiter))
    #expect(old.isActive)
    #expect(!young.isActive)
  }

  @Test("is given away or begins a request, never both, however the two meet")
  func race() async throws {
    for _ in 0..<200 {
      let limiter = limiter(maximum: 1)
      let place = try place(of: limiter, EmbeddedChannel())
      #expect(place.note(.idle, now: SteadyClock.now()))
      let other = try connected()
      let begins = Mutex<Bool?>(nil)
      let thread = Thread { begins.withLock { $0 = place.note(.answering, now: SteadyClock.now()) } }
      thread.start()
      let isTaken = limiter.take(other)
      while begins.withLock({ $0 }) == nil { await Task.yield() }
      #expect(begins.withLock { $0 } == !isTaken)
    }
  }
}
