import Testing
import Threads

@Suite("A queue between threads")
struct BlockingQueueTests {
  @Test("gives out every value once, in the order of each thread that put it, and then its end")
  func order() throws {
    let queue = BlockingQueue<(thread: Int, number: Int)>()
    let threads = try (0..<4).map { thread in
      try SystemThread { for number in 0..<5000 { queue.put((thread, number)) } }
    }
    let closing = try SystemThread {
      for thread in threads { thread.join() }
      queue.close()
    }
    var next = [0, 0, 0, 0]
    while let value = queue.take() {
      #expect(value.number == next[value.thread])
      next[value.thread] += 1
    }
    closing.join()
    #expect(next == [5000, 5000, 5000, 5000])
    #expect(queue.take()?.number == nil)
  }

  @Test("gives out what was put before it was closed")
  func closed() {
    let queue = BlockingQueue<[UInt8]>()
    queue.put([1])
    queue.close()
    #expect(queue.take() == [1])
    #expect(queue.take() == nil)
  }

  @Test("moves memory without copying it")
  func memory() {
    let queue = BlockingQueue<[UInt8]>()
    var bytes = [UInt8](repeating: 7, count: 100_000)
    let address = bytes.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
    queue.put(bytes)
    bytes = []
    var taken = queue.take() ?? []
    #expect(taken.withUnsafeMutableBytes { UInt(bitPattern: $0.baseAddress) } == address)
  }
}

@Suite("A lock")
struct LockTests {
  private final class Counter: Sendable {
    let value = Lock(0)
  }

  @Test("lets one thread at a time change its value")
  func exclusion() throws {
    let counter = Counter()
    let threads = try (0..<4).map { _ in
      try SystemThread { for _ in 0..<20_000 { counter.value.withLock { $0 += 1 } } }
    }
    for thread in threads { thread.join() }
    #expect(counter.value.withLock { $0 } == 80_000)
  }
}
