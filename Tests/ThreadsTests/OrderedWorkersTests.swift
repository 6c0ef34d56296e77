import Testing
import Threads

@Suite("Workers that keep the order")
struct OrderedWorkersTests {
  @Test("give the results in the order of the values", arguments: [0, 1, 2, 3])
  func order(threads: Int) {
    let workers = OrderedWorkers<Int, Int>(threads: threads) { value in
      // The values of one thread take longer than those of another.
      var sum = value
      for number in 0..<(value % 3) * 10_000 { sum &+= number % 2 == 0 ? 1 : -1 }
      return sum
    }
    var results: [Int] = []
    for value in 0..<1000 {
      workers.put(value)
      if workers.pending > 10, let result = workers.take() { results.append(result) }
    }
    while let result = workers.take() { results.append(result) }
    #expect(results == Array(0..<1000) && workers.pending == 0)
  }

  @Test("end their threads when nobody needs them, whatever is left")
  func end() {
    let count = Shared()
    do {
      let workers = OrderedWorkers<Int, Int>(threads: 2) { value in
        count.value.withLock { $0 += 1 }
        return value
      }
      for value in 0..<100 { workers.put(value) }
      #expect(workers.take() == 0)
    }
    #expect(count.value.withLock { $0 } == 100)
  }

  private final class Shared: Sendable {
    let value = Lock(0)
  }
}
