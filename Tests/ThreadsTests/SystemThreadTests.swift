import Testing
import Threads

@Suite("A thread")
struct SystemThreadTests {
  private struct Fault: Error {}

  @Test("whose work takes long gives way to others, as do those that it starts; the one that waits for it does not")
  func priority() throws {
    let found = Lock<[Int32]>([])
    let note = { @Sendable in found.withLock { $0.append(SystemThread.niceness) } }
    try SystemThread {
      note()
      let own = try? SystemThread.runBehindCalls { () -> Int32 in
        try SystemThread(note).join()
        return SystemThread.niceness
      }
      found.withLock { $0.append(own ?? -1) }
      note()
      // A thread that is started now inherits nothing of it.
      try? SystemThread(note).join()
    }.join()
    let usual = SystemThread.niceness
    let low = max(usual, SystemThread.lowPriority)
    #expect(found.withLock { $0 } == [usual, low, low, usual, usual])
  }

  @Test("passes the error of its work on")
  func fault() {
    #expect(throws: Fault.self) { try SystemThread.runBehindCalls { throw Fault() } }
  }
}
