import Testing

@testable import RateLimiting

@Suite("Limits that move between tasks")
struct ShareTransferTests {
  /// Two tasks, of which one has counted a call of each of many users. The standby has its share.
  private func busyPair(isHolder: Bool) -> (pair: SharePair, users: [CounterKey]) {
    let pair = SharePair()
    pair.exchange(seconds: 3)
    let users = (0..<1200).map { CounterKey(.rate, Self.name($0)) }
    for user in users { #expect(passes(user, at: isHolder ? pair.holder : pair.standby, limit: 10)) }
    return (pair, users)
  }

  private static func name(_ number: Int) -> [UInt8] {
    Array("\(number), a user with a name that is much longer than usual".utf8) + Array(repeating: 120, count: 1500)
  }

  private func passes(_ user: CounterKey, at task: WorldTask, limit: Int) -> Bool {
    guard let counter = task.counters.counter(user) as? WindowCounter else { return false }
    return counter.count(upTo: limit, window: 31_536_000, now: task.now, sharing: task.sharing) != nil
  }

  @Test("gives the limits of many users back in messages that follow each other at once")
  func manyReturned() {
    let (pair, users) = busyPair(isHolder: false)
    pair.standby.exchange.close()
    let messages = pair.standby.exchange.messagesLeft
    #expect(messages > 2)
    #expect(pair.exchangeAll() == messages)
    pair.time.advance(1_000_000_000)
    pair.holder.exchange.become(.holder, confirmedFor: 0)
    for user in users {
      for _ in 0..<9 { #expect(passes(user, at: pair.holder, limit: 10)) }
      #expect(!passes(user, at: pair.holder, limit: 10))
    }
  }

  @Test("leaves the limits of many users to the standby in messages that follow each other at once")
  func manyLeft() {
    let (pair, users) = busyPair(isHolder: true)
    pair.holder.exchange.close()
    let messages = pair.holder.exchange.messagesLeft
    #expect(messages > 2)
    #expect(pair.standby.exchange.messagesLeft == 0)
    // The standby hears of it by its next message.
    pair.exchange(holderTick: false)
    // The last message says that all of them came.
    #expect(pair.exchangeAll() == messages)
    #expect(pair.holder.exchange.messagesLeft == 0)
    pair.exchange(seconds: 2, holderTick: false)
    pair.standby.exchange.become(.holder, confirmedFor: 0)
    for user in users {
      for _ in 0..<9 { #expect(passes(user, at: pair.standby, limit: 10)) }
      #expect(!passes(user, at: pair.standby, limit: 10))
    }
  }

  @Test("lets no number of users over their limits keep another one's share from moving", arguments: [true, false])
  func turns(isHolder: Bool) {
    let pair = SharePair()
    pair.exchange(seconds: 3)
    let task = isHolder ? pair.holder : pair.standby
    // More than fit into three messages.
    for number in 0..<1200 {
      let user = CounterKey(.rate, Self.name(number))
      #expect(passes(user, at: pair.standby, limit: 2))
      for _ in 0..<2 { _ = passes(user, at: pair.holder, limit: 2) }
      #expect(!passes(user, at: pair.standby, limit: 2))
    }
    // Others are first and last in the order of their names.
    let others = ["!", "~"].map { CounterKey(.rate, Array($0.utf8)) }
    var passed = [0, 0]
    for _ in 0..<40 {
      for (place, user) in others.enumerated() {
        while passes(user, at: task, limit: 100) { passed[place] += 1 }
      }
      pair.exchange()
    }
    #expect(passed == [100, 100])
  }

  /// A holder with two standbys, which have their shares.
  private func threeTasks() -> (pair: SharePair, third: WorldTask) {
    let pair = SharePair()
    let third = WorldTask(3, pair.time, wallOffset: 0, limits: [], fault: nil, seed: 1)
    third.exchange.become(.standby)
    for _ in 0..<4 {
      pair.exchange()
      third.exchange.take(pair.holder.exchange.answer(third.exchange.report()))
    }
    return (pair, third)
  }

  @Test("come to a standby from the next holder, whether the one before stopped or crashed", arguments: [true, false])
  func nextHolder(hasStopped: Bool) {
    let (pair, third) = threeTasks()
    #expect(third.exchange.hasShare)
    if hasStopped {
      pair.holder.exchange.close()
      pair.exchange(seconds: 2, holderTick: false)
    }
    // Much later than the share of the one before lasts.
    for _ in 0..<60 {
      pair.time.advance(1_000_000_000)
      pair.standby.exchange.become(.holder, confirmedFor: 0)
      third.exchange.take(pair.standby.exchange.answer(third.exchange.report()))
    }
    #expect(third.exchange.hasShare)
    // They begin a window together.
    pair.time.advance(60 * 1_000_000_000)
    for _ in 0..<60 {
      pair.time.advance(1_000_000_000)
      pair.standby.exchange.become(.holder, confirmedFor: 0)
      third.exchange.take(pair.standby.exchange.answer(third.exchange.report()))
    }
    let passed = [pair.standby, third].map { pair.calls(1000, at: $0, limit: 100) }
    #expect(passed == [50, 50])
  }

  @Test("are left to the standby that was heard of last when there are several, and both never allow too much")
  func oneHeir() {
    let (pair, third) = threeTasks()
    // Nobody hears of the third one any more, although it goes on with its share.
    pair.exchange(seconds: 2)
    pair.holder.exchange.close()
    #expect(pair.holder.exchange.messagesLeft > 0)
    pair.exchange(seconds: 2, holderTick: false)
    #expect(pair.holder.exchange.messagesLeft == 0)
    pair.standby.exchange.become(.holder, confirmedFor: 0)
    let passed = [pair.standby, third].map { pair.calls(1000, at: $0, limit: 100, window: 31_536_000) }
    #expect(passed[0] == 75)
    #expect(passed[1] == 25)
  }

  @Test("do not keep a standby from its stop when another task holds the lease than before")
  func stopUnderAnotherHolder() {
    let (pair, third) = threeTasks()
    pair.standby.exchange.become(.holder, confirmedFor: 0)
    third.exchange.close()
    third.exchange.take(pair.standby.exchange.answer(third.exchange.report()))
    #expect(third.exchange.messagesLeft == 0)
  }

  @Test("are brought along by a standby when the holder changes, less what was used", arguments: [true, false])
  func brought(hasStopped: Bool) {
    let (pair, third) = threeTasks()
    let year = 31_536_000
    let others = (0..<700).map { CounterKey(.rate, Self.name($0)) }
    #expect(pair.calls(7, at: third, limit: 100, window: year) == 7)
    for user in others { #expect(passes(user, at: third, limit: 12)) }
    if hasStopped {
      // The third one is the heir, but the other standby takes over.
      third.exchange.take(pair.holder.exchange.answer(third.exchange.report()))
      pair.time.advance(1_000_000_000)
      pair.holder.exchange.become(.holder, confirmedFor: 0)
      third.exchange.take(pair.holder.exchange.answer(third.exchange.report()))
      pair.holder.exchange.close()
      for _ in 0..<9 { third.exchange.take(pair.holder.exchange.answer(third.exchange.report())) }
      #expect(pair.holder.exchange.messagesLeft == 0)
      pair.time.advance(2_000_000_000)
      third.exchange.take(pair.holder.exchange.answer(third.exchange.report()))
    }
    for _ in 0..<20 {
      pair.time.advance(1_000_000_000)
      pair.standby.exchange.become(.holder, confirmedFor: 0)
      third.exchange.take(pair.standby.exchange.answer(third.exchange.report()))
    }
    #expect(third.exchange.messagesLeft == 0)
    // A crash loses the share of the task that crashed, and a stop loses nothing.
    var passed = 7
    for _ in 0..<20 {
      for task in [pair.standby, third] { passed += pair.calls(1000, at: task, limit: 100, window: year) }
      pair.time.advance(1_000_000_000)
      pair.standby.exchange.become(.holder, confirmedFor: 0)
      third.exchange.take(pair.standby.exchange.answer(third.exchange.report()))
    }
    #expect(passed == (hasStopped ? 100 : 75))
    for user in others {
      let more = (0..<12).count { _ in passes(user, at: pair.standby, limit: 12) || passes(user, at: third, limit: 12) }
      #expect(more == (hasStopped ? 11 : 8))
    }
  }

  @Test("are not brought to a holder that began anew, and has everything already")
  func newHolder() {
    let pair = SharePair()
    pair.exchange(seconds: 3)
    #expect(pair.calls(49, at: pair.standby, limit: 100, window: 86_400) == 49)
    let next = WorldTask(3, pair.time, wallOffset: 0, limits: [], fault: nil, seed: 1)
    next.exchange.become(.holder, confirmedFor: 0)
    var passed = 49
    for _ in 0..<20 {
      pair.time.advance(1_000_000_000)
      next.exchange.become(.holder, confirmedFor: 0)
      pair.standby.exchange.take(next.exchange.answer(pair.standby.exchange.report()))
      for task in [pair.standby, next] { passed += pair.calls(10, at: task, limit: 100, window: 86_400) }
    }
    #expect(pair.standby.exchange.messagesLeft == 0)
    #expect(passed == 100)
  }

  @Test("are given back by a standby that stops while it brings something, although an answer is on its way")
  func stopWhileBringing() {
    let (pair, third) = threeTasks()
    #expect(pair.calls(7, at: third, limit: 100, window: 86_400) == 7)
    var answer: [UInt8] = []
    for _ in 0..<9 where third.exchange.messagesLeft == 0 || answer.isEmpty {
      pair.time.advance(1_000_000_000)
      pair.standby.exchange.become(.holder, confirmedFor: 0)
      third.exchange.take(answer)
      answer = pair.standby.exchange.answer(third.exchange.report())
    }
    third.exchange.close()
    let left = third.exchange.messagesLeft
    third.exchange.take(answer)
    #expect(third.exchange.messagesLeft == left && left > 0)
    for _ in 0..<3 {
      third.exchange.take(pair.standby.exchange.answer(third.exchange.report()))
      pair.time.advance(1_000_000_000)
      pair.standby.exchange.become(.holder, confirmedFor: 0)
    }
    #expect(third.exchange.messagesLeft == 0)
  }
}
