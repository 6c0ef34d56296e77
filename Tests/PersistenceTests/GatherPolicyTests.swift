import Clocks
import DumpFormat
import TestSupport
import Testing
import Threads

@testable import Persistence

@Suite("The wait for changes before a sync")
struct GatherPolicyTests {
  private static let sync = Duration.milliseconds(4)

  @Test("is one sync at most, never more than 5 ms, and none when nobody was answered")
  func patience() {
    var policy = GatherPolicy()
    #expect(policy.patience(answered: 10, sync: Self.sync) == .milliseconds(4))
    #expect(policy.patience(answered: 1, sync: .microseconds(100)) == .microseconds(100))
    #expect(policy.patience(answered: 1, sync: .seconds(10)) == .milliseconds(5))
    #expect(policy.patience(answered: 0, sync: Self.sync) == nil)
  }

  @Test("goes on while half of those who were answered come back")
  func success() {
    var policy = GatherPolicy()
    for came in [64, 32, 40, 100] {
      #expect(policy.patience(answered: 64, sync: Self.sync) != nil)
      policy.note(answered: 64, came: came)
    }
    #expect(policy.patience(answered: 64, sync: Self.sync) != nil)
  }

  @Test("is left out ever longer after waits in vain, for 64 syncs at most, and begins anew with one that pays")
  func backOff() {
    var policy = GatherPolicy()
    var skipped: [Int] = []
    for _ in 0..<9 {
      #expect(policy.patience(answered: 3, sync: Self.sync) != nil)
      policy.note(answered: 3, came: 1)
      var count = 0
      while policy.patience(answered: 3, sync: Self.sync) == nil { count += 1 }
      skipped.append(count)
    }
    #expect(skipped == [1, 2, 4, 8, 16, 32, 64, 64, 64])
    policy.note(answered: 3, came: 2)
    #expect(policy.patience(answered: 3, sync: Self.sync) != nil)
  }

  @Test("ends as soon as all are there, with what must not wait, and by its time")
  func end() async {
    let line = JournalLine()
    #expect(line.gather(1, until: Deadline(in: .milliseconds(20))) == 0)
    line.put(.start(.ownDump))
    #expect(line.gather(1, until: .never) == 1)
    // A dump, a hurry and the end of the line must not wait for others.
    for interrupt in [{ line.put(.end) }, line.hurry, line.close] {
      async let waiting = Task.detached { line.gather(100, until: .never) }.value
      let isWaiting = await eventuallyTrue { line.state.withLock { $0.gatheredCount } > 0 }
      #expect(isWaiting)
      interrupt()
      #expect(await waiting == 2)
      // The thread takes all entries then.
      _ = line.takeHurry()
    }
  }

  @Test("is not cut short by a hurry whose changes were taken")
  func hurried() {
    let line = JournalLine()
    line.put(.end)
    line.hurry()
    #expect(line.gather(5, until: .never) == 1)
    #expect(line.takeAll().count == 1)
    let start = SteadyClock.now()
    #expect(line.gather(5, until: Deadline(in: .milliseconds(50))) == 0)
    #expect(SteadyClock.now() - start >= .milliseconds(50))
  }
}
