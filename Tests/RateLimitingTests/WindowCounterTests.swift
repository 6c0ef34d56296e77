import Foundation
import RateLimiting
import Synchronization
import Testing

/// Runs an action on threads of their own at the same time, and waits for all.
private func onThreads(_ count: Int, _ action: @escaping @Sendable (Int) -> Void) {
  let group = DispatchGroup()
  for number in 0..<count {
    group.enter()
    Thread.detachNewThread {
      action(number)
      group.leave()
    }
  }
  group.wait()
}

@Suite("Counting a user's calls")
struct WindowCounterTests {
  @Test("numbers the calls of a window, and refuses those above the limit")
  func numbers() {
    let counter = WindowCounter()
    #expect((0..<4).map { _ in counter.count(upTo: 3, window: 60, now: 60) } == [1, 2, 3, nil])
  }

  @Test("begins anew with each window, and windows are aligned to the epoch")
  func alignment() {
    let counter = WindowCounter()
    #expect(counter.count(upTo: 1, window: 60, now: 119) == 1)
    #expect(counter.count(upTo: 1, window: 60, now: 119) == nil)
    #expect(counter.count(upTo: 1, window: 60, now: 120) == 1)
    #expect(counter.count(upTo: 1, window: 60, now: 179) == nil)
    #expect(counter.count(upTo: 1, window: 60, now: 180) == 1)
    #expect(counter.count(upTo: 1, window: 60, now: 3600) == 1)
  }

  @Test("tells the seconds to the end of a window", arguments: [(60, 0, 60), (60, 59, 1), (60, 60, 60), (1, 7, 1)])
  func secondsToReset(window: Int, now: Int, rest: Int) {
    #expect(WindowCounter.secondsToReset(window: window, now: now) == rest)
  }

  @Test("allows a raised limit at once, and refuses at once under a lowered one")
  func changedLimit() {
    let counter = WindowCounter()
    #expect((0..<3).map { _ in counter.count(upTo: 2, window: 60, now: 0) } == [1, 2, nil])
    #expect(counter.count(upTo: 3, window: 60, now: 0) == 3)
    #expect(counter.count(upTo: 2, window: 60, now: 0) == nil)
  }

  @Test("forgets all calls when it is cleared")
  func clear() {
    let counter = WindowCounter()
    _ = counter.count(upTo: 1, window: 60, now: 0)
    counter.clear()
    #expect(counter.count(upTo: 1, window: 60, now: 0) == 1)
  }

  @Test("is over when its window has ended, not before, and at once when nothing was counted")
  func over() {
    let counter = WindowCounter()
    #expect(counter.isOver(now: 60))
    _ = counter.count(upTo: 1, window: 60, now: 60)
    #expect([60, 119, 59].map(counter.isOver) == [false, false, false], "a thread may be late")
    #expect([120, 3600].map(counter.isOver) == [true, true])
    _ = counter.count(upTo: 1, window: 3600, now: 120)
    #expect([120, 3599, 3600].map(counter.isOver) == [false, false, true])
    counter.clear()
    #expect(counter.isOver(now: 120))
    let sum = WindowSum()
    #expect(sum.isOver(now: 60))
    sum.add(7, window: 60, now: 60)
    #expect([60, 119, 59, 120].map(sum.isOver) == [false, false, false, true])
  }

  @Test("counts a call whose thread read the clock before another one began the next window")
  func lateThread() {
    let counter = WindowCounter()
    #expect((0..<3).map { _ in counter.count(upTo: 2, window: 60, now: 60) } == [1, 2, nil])
    #expect(counter.count(upTo: 2, window: 60, now: 59) == nil, "the older window does not begin again")
    #expect(counter.count(upTo: 2, window: 60, now: 60) == nil, "and the newer one forgets nothing")
  }

  @Test("begins an older window when the clock was set back")
  func clockSetBack() {
    let counter = WindowCounter()
    #expect((0..<2).map { _ in counter.count(upTo: 1, window: 60, now: 7200) } == [1, nil])
    #expect(counter.count(upTo: 1, window: 60, now: 3600) == 1)
    #expect(counter.count(upTo: 1, window: 60, now: 3601) == nil)
  }

  @Test("allows exactly the limit over 8 threads, in each window")
  func threads() {
    let counter = WindowCounter()
    for window in 0..<50 {
      let allowed = Mutex<[Int]>([])
      onThreads(8) { _ in
        for _ in 0..<200 {
          if let number = counter.count(upTo: 777, window: 60, now: window * 60) {
            allowed.withLock { $0.append(number) }
          }
        }
      }
      #expect(allowed.withLock { $0.sorted() } == Array(1...777))
    }
  }

  @Test("allows no more than the limit while 8 threads pass from one window into the next")
  func threadsAtTheBoundary() {
    for _ in 0..<200 {
      let counter = WindowCounter()
      let counts = Mutex((older: 0, newer: 0))
      onThreads(8) { thread in
        for call in 0..<20 {
          let now = call * 8 + thread < 80 ? 59 : 60
          guard counter.count(upTo: 10, window: 60, now: now) != nil else { continue }
          counts.withLock { if now == 59 { $0.older += 1 } else { $0.newer += 1 } }
        }
      }
      // A late thread's call counts in the newer window, so both together are within both limits.
      let (older, newer) = counts.withLock { $0 }
      #expect(newer <= 10)
      #expect(older + newer <= 20)
    }
  }
}

@Suite("Adding up a user's bytes")
struct WindowSumTests {
  @Test("has the sum of the present window alone")
  func windows() {
    let sum = WindowSum()
    #expect(sum.sum(window: 60, now: 0) == 0)
    sum.add(100, window: 60, now: 0)
    sum.add(23, window: 60, now: 59)
    #expect(sum.sum(window: 60, now: 30) == 123)
    #expect(sum.sum(window: 60, now: 60) == 0)
    sum.add(7, window: 60, now: 61)
    #expect(sum.sum(window: 60, now: 61) == 7)
  }

  @Test("keeps the newer window when a late thread adds to the older one")
  func lateThread() {
    let sum = WindowSum()
    sum.add(100, window: 60, now: 60)
    sum.add(10, window: 60, now: 59)
    #expect(sum.sum(window: 60, now: 60) == 110)
    #expect(sum.sum(window: 60, now: 59) == 110)
  }

  @Test("loses no byte over 8 threads")
  func threads() {
    let sum = WindowSum()
    onThreads(8) { thread in
      for number in 0..<10_000 { sum.add(number + thread, window: 60, now: 5) }
    }
    #expect(sum.sum(window: 60, now: 5) == 8 * (9999 * 10_000 / 2) + 10_000 * 28)
  }
}
