import TestSupport
import Testing
import TortureModel

@Suite("The rounds of a run")
struct RoundQueueTests {
  private func schedule(_ seed: UInt64) -> Schedule {
    var schedule = Schedule(seed: seed, randomness: SeededGenerator(seed: seed))
    schedule.length = seed == 12 ? 60 : 10
    return schedule
  }

  @Test("come in the order of their seeds, and no more than were asked for")
  func order() {
    var queue = RoundQueue(first: 10, most: 3, always: 1)
    let rounds = (0..<5).compactMap { _ in queue.next(now: 1e9, schedule) }
    #expect(rounds.map(\.number) == [0, 1, 2])
    #expect(rounds.map(\.schedule.seed) == [10, 11, 12])
  }

  @Test("begin only when their schedule is over by the end, but for the first ones")
  func end() {
    var queue = RoundQueue(first: 10, most: .max, end: 100, always: 1)
    #expect(queue.next(now: 200, schedule)?.number == 0)
    #expect(queue.next(now: 91, schedule) == nil)
    #expect(queue.next(now: 90, schedule)?.number == 1)
    #expect(queue.next(now: 41, schedule) == nil)
    #expect(queue.next(now: 40, schedule)?.schedule.seed == 12)
  }
}
