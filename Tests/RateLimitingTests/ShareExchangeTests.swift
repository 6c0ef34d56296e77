import Testing

@testable import RateLimiting

@Suite("Sharing limits between two tasks")
struct ShareExchangeTests {
  @Test("leaves everything to a task that is alone")
  func alone() {
    let pair = SharePair()
    #expect(pair.calls(12, at: pair.holder, limit: 10) == 10)
    #expect(pair.holder.current.shares().isWhole)
  }

  @Test("gives nothing to a standby before it joined, and half of everything then", arguments: [0, 86_400, -86_400])
  func joining(wallOffset: Int) {
    let pair = SharePair(wallOffset: wallOffset)
    #expect(!pair.standby.exchange.hasShare)
    #expect(pair.calls(5, at: pair.standby, limit: 10) == 0)
    pair.exchange(seconds: 3)
    #expect(pair.standby.exchange.hasShare)
    #expect(pair.standby.now == pair.holder.now, "the holder's clock decides")
    #expect(pair.calls(20, at: pair.standby, limit: 10) == 5)
    #expect(pair.calls(20, at: pair.holder, limit: 10) == 5)
  }

  @Test("counts what the holder used before a standby joined")
  func usedBefore() {
    let pair = SharePair()
    #expect(pair.calls(8, at: pair.holder, limit: 10) == 8)
    pair.exchange(seconds: 3)
    #expect(pair.calls(20, at: pair.standby, limit: 10) + pair.calls(20, at: pair.holder, limit: 10) == 2)
  }

  @Test(
    "lets all calls of one user pass at one task within seconds", arguments: [1, 2, 3, 7, 100, 1001],
    [true, false])
  func oneSided(limit: Int, isHolder: Bool) {
    let pair = SharePair()
    pair.exchange(seconds: 3)
    let task = isHolder ? pair.holder : pair.standby
    var passed = 0
    for _ in 0..<20 {
      passed += pair.calls(limit, at: task, limit: limit)
      pair.exchange()
    }
    #expect(passed == limit)
  }

  @Test("lets all calls of one user pass at one task in windows of a second", arguments: [1, 2, 9], [true, false])
  func seconds(limit: Int, isHolder: Bool) {
    let pair = SharePair()
    pair.exchange(seconds: 3)
    let task = isHolder ? pair.holder : pair.standby
    var passed: [Int] = []
    for _ in 0..<6 {
      passed.append(pair.calls(20, at: task, limit: limit, window: 1))
      pair.exchange()
    }
    #expect(passed.suffix(3) == [limit, limit, limit])
    // The other task gets its part back when it has calls, too.
    let other = isHolder ? pair.standby : pair.holder
    var both: [[Int]] = []
    for _ in 0..<6 {
      both.append([task, other].map { pair.calls(20, at: $0, limit: limit, window: 1) })
      pair.exchange()
    }
    #expect(both.allSatisfy { $0.reduce(0, +) <= limit })
    #expect(both.suffix(2).allSatisfy { $0.reduce(0, +) == limit })
  }

  @Test("divides a huge limit", arguments: [1 << 32, Int.max])
  func huge(limit: Int) {
    let pair = SharePair()
    pair.exchange(seconds: 3)
    let use = { (task: WorldTask) in
      task.current.shares().allowance(of: limit, windowStart: task.now / 60 * 60, adjustedBy: 0)
    }
    #expect(use(pair.standby) == limit / 2)
    #expect(use(pair.holder) == limit - limit / 2)
    #expect(pair.calls(10, at: pair.standby, limit: limit) == 10)
  }

  @Test("follows a limit that changes within a window")
  func changedLimit() {
    let pair = SharePair()
    pair.exchange(seconds: 3)
    #expect(pair.calls(9, at: pair.holder, limit: 10) + pair.calls(9, at: pair.standby, limit: 10) == 10)
    #expect(pair.calls(9, at: pair.holder, limit: 4) + pair.calls(9, at: pair.standby, limit: 4) == 0)
    #expect(pair.calls(9, at: pair.holder, limit: 14) + pair.calls(9, at: pair.standby, limit: 14) == 4)
  }

  @Test("leaves everything to the standby when the holder stops, less what was used")
  func handOver() {
    let pair = SharePair()
    pair.exchange(seconds: 3)
    #expect(pair.calls(3, at: pair.holder, limit: 10) == 3)
    pair.holder.exchange.close()
    #expect(pair.calls(3, at: pair.holder, limit: 10) == 0)
    #expect(pair.holder.exchange.messagesLeft > 0)
    pair.exchange(seconds: 3, holderTick: false)
    #expect(pair.holder.exchange.messagesLeft == 0)
    pair.standby.exchange.become(.holder, confirmedFor: 0)
    #expect(pair.calls(20, at: pair.standby, limit: 10) == 7)
    pair.time.advance(60 * 1_000_000_000)
    #expect(pair.standby.current.shares().isWhole)
    #expect(pair.calls(20, at: pair.standby, limit: 10) == 10)
  }

  @Test("gives everything back to the holder when the standby stops, less what was used")
  func leaving() {
    let pair = SharePair()
    pair.exchange(seconds: 3)
    #expect(pair.calls(3, at: pair.standby, limit: 10) == 3)
    pair.standby.exchange.close()
    #expect(pair.calls(3, at: pair.standby, limit: 10) == 0)
    pair.exchange(seconds: 3)
    #expect(pair.standby.exchange.messagesLeft == 0)
    #expect(pair.holder.current.shares().isWhole)
    #expect(pair.calls(20, at: pair.holder, limit: 10) == 7)
  }

  @Test("lets a standby go on with its share after a crash of the holder, and with everything in later windows")
  func crash() {
    let pair = SharePair()
    pair.exchange(seconds: 3)
    pair.time.advance(15 * 1_000_000_000)
    #expect(pair.calls(20, at: pair.standby, limit: 10) == 5, "at once")
    pair.standby.exchange.become(.holder, confirmedFor: 0)
    #expect(pair.calls(20, at: pair.standby, limit: 10) == 0, "nobody knows what the other one used")
    pair.time.advance(120 * 1_000_000_000)
    pair.standby.exchange.become(.holder, confirmedFor: 0)
    #expect(pair.calls(20, at: pair.standby, limit: 10) == 10)
  }

  @Test("stops a standby that hears nothing, and a holder whose lease may be another's, in new windows")
  func fences() {
    let pair = SharePair()
    pair.exchange(seconds: 3)
    pair.time.advance(60 * 1_000_000_000)
    #expect(pair.calls(20, at: pair.standby, limit: 10) == 0)
    #expect(pair.calls(20, at: pair.holder, limit: 10) == 0)
    pair.holder.exchange.become(.holder, confirmedFor: 0)
    #expect(pair.calls(20, at: pair.holder, limit: 10) == 10)
    pair.exchange(seconds: 3)
    #expect(pair.calls(20, at: pair.standby, limit: 10) == 0)
    pair.exchange(seconds: 60)
    #expect(pair.calls(20, at: pair.standby, limit: 10) == 5)
  }

  @Test("clears the counters of calls at both")
  func clears() {
    let pair = SharePair()
    pair.exchange(seconds: 3)
    pair.holder.exchange.noteClear()
    pair.exchange(seconds: 2)
    pair.standby.exchange.noteClear()
    pair.exchange(seconds: 2)
    #expect(pair.standby.counters.clears == 1 && pair.holder.counters.clears == 1)
  }

  @Test("allows half of the logins while another task is there, and for one window after")
  func logins() {
    let pair = SharePair()
    #expect(pair.holder.exchange.part(of: 11, window: 300) == 11)
    #expect(pair.standby.exchange.part(of: 11, window: 300) == 5)
    pair.exchange(seconds: 3)
    #expect(pair.holder.exchange.part(of: 11, window: 300) == 6)
    #expect(pair.standby.exchange.part(of: 11, window: 300) == 5)
    pair.standby.exchange.close()
    pair.exchange(seconds: 3)
    #expect(pair.holder.exchange.part(of: 11, window: 300) == 5)
    pair.time.advance(300 * 1_000_000_000)
    #expect(pair.holder.exchange.part(of: 11, window: 300) == 11)
  }

  @Test("takes many messages for many counters that differ")
  func pages() {
    let pair = SharePair()
    let names = (0..<9000).map { Array("a user with a long name, number \($0)".utf8) }
    for name in names {
      let counter = pair.holder.counters.counter(CounterKey(.rate, name)) as? WindowCounter
      for _ in 0..<2 { _ = counter?.count(upTo: 2, window: 3600, now: pair.holder.now, sharing: pair.holder.sharing) }
    }
    pair.exchange()
    #expect(!pair.standby.exchange.hasShare)
    pair.exchange(seconds: 25)
    #expect(pair.standby.exchange.hasShare)
    let allowed = names.count { name in
      let counter = pair.standby.counters.counter(CounterKey(.rate, name)) as? WindowCounter
      return counter?.count(upTo: 2, window: 3600, now: pair.standby.now, sharing: pair.standby.sharing) != nil
    }
    #expect(allowed == 0)
  }

  @Test("gives shares to eight standbys, and never more than the limit to all")
  func members() {
    let pair = SharePair()
    let tasks = (3..<12).map { WorldTask($0, pair.time, wallOffset: 0, limits: [], fault: nil, seed: 1) }
    for task in tasks { task.exchange.become(.standby) }
    for _ in 0..<3 {
      pair.exchange(seconds: 1)
      for task in tasks { task.exchange.take(pair.holder.exchange.answer(task.exchange.report())) }
    }
    let all = [pair.standby] + tasks
    #expect(all.count { $0.exchange.hasShare } == 8)
    #expect(([pair.holder] + all).reduce(0) { $0 + pair.calls(2000, at: $1, limit: 1000) } == 997)
  }
}
