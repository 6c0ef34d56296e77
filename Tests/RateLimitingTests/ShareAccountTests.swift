import Foundation
import Synchronization
import TestSupport
import Testing

@testable import RateLimiting

@Suite("Accounts of limits")
struct ShareAccountTests {
  @Test("together are never more than the limit, however often they are halved", arguments: 0..<200 as Range<UInt64>)
  func sums(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var accounts = [ShareAccount.whole]
    for _ in 0..<Int.random(in: 1...6, using: &random) {
      let giver = Int.random(in: 0..<accounts.count, using: &random)
      let moment = Int.random(in: 0..<100, using: &random)
      let parts = accounts[giver].half().compactMap { random.chance(50) ? $0.before(moment) : $0 }
      accounts[giver] = accounts[giver].giving(parts)
      accounts.append(ShareAccount(got: parts))
    }
    for limit in Array(0...40) + [1 << 40, Int.max - 1, Int.max] {
      for start in [0, 50, 99, 100] {
        let values = accounts.map { $0.value(of: limit, windowStart: start) }
        var (sum, isOver) = (0, false)
        for value in values {
          let (next, overflow) = sum.addingReportingOverflow(value)
          (sum, isOver) = (next, isOver || overflow)
        }
        #expect(!isOver && sum <= limit && values.allSatisfy { $0 >= 0 }, "\(values) of \(limit)")
      }
    }
    for account in accounts {
      let values = (0...64).map { account.value(of: $0, windowStart: 50) }
      #expect(values == values.sorted(), "a larger limit never leaves less")
    }
    #expect(accounts.dropFirst().reduce(accounts[0]) { $0.adding($1) } == .whole, "nothing is lost")
  }

  @Test("are halves: rounded down for the standby, and up for the holder")
  func halves() {
    let half = ShareAccount.whole.half()
    for limit in [0, 1, 2, 3, 10, 11, Int.max] {
      #expect(ShareAccount(got: half).value(of: limit, windowStart: 0) == limit / 2)
      #expect(ShareAccount.whole.giving(half).value(of: limit, windowStart: 0) == limit - limit / 2)
    }
  }

  @Test("have adjustments that fit into a word", arguments: [Adjustment.least, -1, 0, 1, Adjustment.most])
  func adjustments(amount: Int) {
    for window in [1, 60, 3600, 86_400, 604_800, 2_592_000, 31_536_000, 7] {
      let adjustment = Adjustment(amount, number: 0xFFFF_FFFE, window: window)
      #expect(adjustment.amount == amount && adjustment.number == 0xFFFF_FFFE && adjustment.isOf(window))
      #expect(adjustment.amount(in: 0xFFFF_FFFE, window: window) == (amount == Adjustment.least ? nil : amount))
      #expect(adjustment.amount(in: 0xFFFF_FFFD, window: window) == nil)
      #expect(adjustment.amount(in: 5, window: window == 60 ? 3600 : 60) == 0)
    }
    #expect(Adjustment.none.amount(in: 1, window: 60) == 0)
  }

  @Test("that are lowered while 4 threads count let no call too many pass")
  func threads() {
    for round in 0..<300 {
      let (current, counter) = (CurrentShares(), WindowCounter())
      let sharing = Sharing(current, current.shares())
      let allowed = Atomic(0)
      let group = DispatchGroup()
      for _ in 0..<4 {
        group.enter()
        Thread.detachNewThread {
          for _ in 0..<60 where counter.count(upTo: 100, window: 60, now: 60, sharing: sharing) != nil {
            allowed.add(1, ordering: .relaxed)
          }
          group.leave()
        }
      }
      for _ in 0..<round { _ = current.shares() }
      // As a holder does when it gives a share, and then some more.
      current.replace(account: .whole.giving(ShareAccount.whole.half()), fence: .max, clock: .system)
      let excess = max(0, counter.use().used - 50)
      counter.adjust(excess, number: 1, window: 60)
      let given = excess - counter.lower(to: excess - 20, atMost: excess, of: 50, number: 1, window: 60)
      group.wait()
      #expect(allowed.load(ordering: .relaxed) + 50 - excess + given <= 100)
    }
  }
}
