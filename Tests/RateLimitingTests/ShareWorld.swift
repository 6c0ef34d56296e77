import Synchronization
import TestSupport

@testable import RateLimiting

extension SeededGenerator {
  /// The numbers of a simulation. The first one is left out, as it was when the seeds that are on record were played.
  init(simulation seed: UInt64) {
    self.init(seed: seed)
    _ = next()
  }

  mutating func chance(_ percent: Double) -> Bool { Double.random(in: 0..<100, using: &self) < percent }
}

/// The counters of a simulated task.
final class WorldCounters: CounterSource {
  private let cleared = Atomic(0)
  private let table = Mutex<[CounterKey: any SharedCounter]>([:])
  /// Makes a counter that does not do what it should.
  private let wrap: @Sendable (any SharedCounter) -> any SharedCounter

  init(wrap: @escaping @Sendable (any SharedCounter) -> any SharedCounter = { $0 }) { self.wrap = wrap }

  func counter(_ key: CounterKey) -> any SharedCounter {
    table.withLock { table in
      if let present = table[key] { return present }
      let new = wrap(key.kind == .bandwidth ? WindowSum() : WindowCounter())
      table[key] = new
      return new
    }
  }

  /// In one order, so that a seed always does the same.
  private var sorted: [(key: CounterKey, value: any SharedCounter)] {
    table.withLock { $0 }.sorted {
      $0.key.kind == $1.key.kind
        ? $0.key.name.lexicographicallyPrecedes($1.key.name) : $0.key.kind.rawValue < $1.key.kind.rawValue
    }
  }

  func forEach(_ body: (any SharedCounter, () -> CounterKey) -> Void) {
    for (key, counter) in sorted { body(counter, { key }) }
  }

  func forEach(from place: Int, atMost most: Int, _ body: (any SharedCounter, () -> CounterKey) -> Bool) -> Int {
    let all = sorted
    for step in 0..<min(most, all.count) {
      let place = (place + step) % all.count
      guard body(all[place].value, { all[place].key }) else { return place }
    }
    return all.isEmpty ? 0 : (place + min(most, all.count)) % all.count
  }

  func forEachInParts(_ body: (any SharedCounter, () -> CounterKey) -> Void) { forEach(body) }

  func clearCalls() { cleared.add(1, ordering: .relaxed) }

  var clears: Int { cleared.load(ordering: .relaxed) }
}

/// A counter that takes nothing away from a share.
final class StubbornCounter: SharedCounter {
  static let unit = 1
  let counter = WindowCounter()

  func use() -> CounterUse { counter.use() }
  func note(limit: Int, window: Int) { counter.note(limit: limit, window: window) }

  func restore(_ used: Int, number: UInt64, window: Int) {
    counter.restore(used, number: number, window: window)
  }

  func adjust(_ adjustment: Adjustment) {
    let present = counter.use().adjustment
    if adjustment.number != present.number || adjustment.amount > present.amount { counter.adjust(adjustment) }
    if adjustment.amount < 0 { counter.adjust(.none) }
  }
}

/// The faults that a test puts in.
enum WorldFault: Sendable {
  /// The holder gives amounts and keeps them.
  case grantsWithoutLowering
  /// The holder takes a share back before the standby stops using it.
  case reclaimsTooEarly
  /// A standby uses a share before it got one.
  case usesBeforeGranted
}

/// One task of a simulated service.
final class WorldTask {
  let id: Int
  let counters: WorldCounters
  let current = CurrentShares()
  let exchange: ShareExchange
  let time: WorldTime
  /// Nanoseconds by which the wall clock is ahead.
  let wallOffset: Int
  var shares: Shares
  var frozenUntil = 0
  var volumeHangsUntil = 0
  var nextTick = 0
  var nextReport = 0
  var renewedAt = 0
  var watchedFrom: Int?
  var isHolder = false
  var stopsAt: Int?
  var limits: [Int]

  init(_ id: Int, _ time: WorldTime, wallOffset: Int, limits: [Int], fault: WorldFault?, seed: UInt64) {
    (self.id, self.time, self.wallOffset, self.limits) = (id, time, wallOffset, limits)
    counters = WorldCounters { counter in
      fault == .grantsWithoutLowering && counter is WindowCounter ? StubbornCounter() : counter
    }
    let numbers = Mutex(SeededGenerator(simulation: seed &* 1000 &+ UInt64(id)))
    exchange = ShareExchange(
      counters, current, system: { time.now + wallOffset }, steady: { time.now + id * 1_000_000_007 },
      random: { numbers.withLock { $0.next() | 1 } })
    shares = current.shares()
  }

  /// Unix seconds of the clock that decides about windows.
  var now: Int {
    if !current.areNewest(shares) { shares = current.shares() }
    return switch shares.clock {
    case .system: (time.now + wallOffset) / 1_000_000_000
    case .steady(let offset): (time.now + id * 1_000_000_007 + offset) / 1_000_000_000
    }
  }

  var sharing: Sharing { Sharing(current, shares) }
}

final class WorldTime: Sendable {
  private let value = Atomic(0)
  var now: Int { value.load(ordering: .relaxed) }
  func advance(_ nanoseconds: Int) { value.add(nanoseconds, ordering: .relaxed) }
}
