@testable import RateLimiting

/// A holder and a standby that exchange when a test says so.
final class SharePair {
  let time = WorldTime()
  let holder: WorldTask
  let standby: WorldTask
  let key = CounterKey(.rate, Array("user".utf8))

  /// - Parameter wallOffset: seconds by which the standby's wall clock is ahead.
  init(wallOffset: Int = 0) {
    // The middle of a minute and of an hour.
    time.advance(1_700_001_030 * 1_000_000_000)
    holder = WorldTask(1, time, wallOffset: 0, limits: [], fault: nil, seed: 1)
    standby = WorldTask(2, time, wallOffset: wallOffset * 1_000_000_000, limits: [], fault: nil, seed: 1)
    holder.exchange.become(.holder, confirmedFor: 0)
    standby.exchange.become(.standby)
  }

  /// Lets seconds pass, with an exchange in each.
  func exchange(seconds: Int = 1, holderTick: Bool = true) {
    for _ in 0..<seconds {
      time.advance(1_000_000_000)
      if holderTick { holder.exchange.become(.holder, confirmedFor: 0) }
      standby.exchange.take(holder.exchange.answer(standby.exchange.report()))
    }
  }

  /// Exchanges for as long as a transfer needs messages, and returns their number. No time passes.
  func exchangeAll() -> Int {
    var count = 0
    while standby.exchange.messagesLeft > 0, count < 10_000 {
      let before = standby.exchange.messagesLeft
      standby.exchange.take(holder.exchange.answer(standby.exchange.report()))
      count += 1
      if standby.exchange.messagesLeft == before { break }
    }
    return count
  }

  /// The calls that pass of so many.
  func calls(_ count: Int, at task: WorldTask, limit: Int, window: Int = 60) -> Int {
    guard let counter = task.counters.counter(key) as? WindowCounter else { return 0 }
    return (0..<count).count { _ in
      let now = task.now
      return counter.count(upTo: limit, window: window, now: now, sharing: task.sharing) != nil
    }
  }
}
