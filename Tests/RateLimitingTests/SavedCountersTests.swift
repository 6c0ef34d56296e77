import TestSupport
import Testing

@testable import RateLimiting

@Suite("Saved counters")
struct SavedCountersTests {
  private static let rate = CounterKey(.rate, Array("Jürgen \"Müller\"".utf8))
  private static let throttle = CounterKey(.throttle, Array("j".utf8))
  private static let bytes = CounterKey(.bandwidth, [])
  private static let hour = 3600
  private static let now = 1_000_000 * hour + 10

  /// Five calls of an hour's ten, three calls of a second, and 4,000,000,000 bytes of a day.
  private func used() throws -> WorldCounters {
    let counters = WorldCounters()
    let rate = try #require(counters.counter(Self.rate) as? WindowCounter)
    for _ in 0..<5 { #expect(rate.count(upTo: 10, window: Self.hour, now: Self.now) != nil) }
    let throttle = try #require(counters.counter(Self.throttle) as? WindowCounter)
    for _ in 0..<3 { #expect(throttle.count(upTo: 10, window: 1, now: Self.now) != nil) }
    let sum = try #require(counters.counter(Self.bytes) as? WindowSum)
    sum.add(4_000_000_000, window: 86_400, now: Self.now)
    return counters
  }

  private func restored(_ saved: SavedCounters) throws -> WorldCounters {
    let counters = WorldCounters()
    try #require(SavedCounters(saved.bytes)).restore(to: counters)
    return counters
  }

  @Test("let another task go on with what is left, exactly")
  func goesOn() throws {
    let counters = try restored(SavedCounters(try used(), now: Self.now + 60))
    let rate = try #require(counters.counter(Self.rate) as? WindowCounter)
    let calls = (0..<7).map { _ in rate.count(upTo: 10, window: Self.hour, now: Self.now + 60) }
    #expect(calls == [6, 7, 8, 9, 10, nil, nil])
    let sum = try #require(counters.counter(Self.bytes) as? WindowSum)
    #expect(sum.left(of: 5_000_000_000, window: 86_400, now: Self.now + 60) == 1_000_000_000)
    // The next window is whole.
    #expect(rate.count(upTo: 10, window: Self.hour, now: Self.now + Self.hour) == 1)
    #expect(sum.left(of: 5_000_000_000, window: 86_400, now: Self.now + 86_400) == 5_000_000_000)
  }

  @Test("are those of windows that go on and are longer than a start takes")
  func leftOut() throws {
    let counters = try used()
    #expect(SavedCounters(counters, now: Self.now).entries.map(\.key.kind) == [.rate, .bandwidth])
    #expect(SavedCounters(counters, now: Self.now + Self.hour).entries.map(\.key.kind) == [.bandwidth])
    #expect(SavedCounters(counters, now: Self.now + 2 * 86_400).entries == [])
    #expect(SavedCounters(WorldCounters(), now: Self.now).entries == [])
  }

  @Test("take nothing back that was counted since")
  func newer() throws {
    let saved = SavedCounters(try used(), now: Self.now)
    let counters = WorldCounters()
    let rate = try #require(counters.counter(Self.rate) as? WindowCounter)
    for _ in 0..<8 { _ = rate.count(upTo: 10, window: Self.hour, now: Self.now) }
    let sum = try #require(counters.counter(Self.bytes) as? WindowSum)
    sum.add(1, window: 86_400, now: Self.now + 86_400)
    saved.restore(to: counters)
    saved.restore(to: counters)
    #expect(rate.count(upTo: 10, window: Self.hour, now: Self.now) == 9)
    #expect(sum.sum(window: 86_400, now: Self.now + 86_400) == 1)
  }

  @Test("count what was given to another task as used")
  func given() throws {
    let counters = try used()
    let number = UInt64(Self.now / Self.hour)
    counters.counter(Self.rate).adjust(-3, number: number, window: Self.hour)
    #expect(SavedCounters(counters, now: Self.now).entries.first?.used == 8)
    counters.counter(Self.rate).adjust(Adjustment.least, number: number, window: Self.hour)
    #expect((SavedCounters(counters, now: Self.now).entries.first?.used ?? 0) >= 10)
  }

  @Test("are refused when their bytes are cut, continued, or of another version")
  func refused() throws {
    let bytes = SavedCounters(try used(), now: Self.now).bytes
    #expect(SavedCounters(bytes) != nil)
    for count in 0..<bytes.count { #expect(SavedCounters(Array(bytes.prefix(count))) == nil, "\(count)") }
    #expect(SavedCounters(bytes + [0]) == nil)
    #expect(SavedCounters([bytes[0] + 1] + bytes.dropFirst()) == nil)
  }

  @Test("never end the process, whatever their bytes are", arguments: 0..<200 as Range<UInt64>)
  func mutated(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var bytes = SavedCounters(try used(), now: Self.now).bytes
    for _ in 0..<Int.random(in: 1...8, using: &random) {
      bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
    }
    let counters = WorldCounters()
    SavedCounters(bytes)?.restore(to: counters)
    counters.forEach { counter, _ in _ = counter.use() }
    let rate = counters.counter(Self.rate) as? WindowCounter
    _ = rate?.count(upTo: 10, window: Self.hour, now: Self.now)
  }
}
