import Glibc
import Testing

@testable import Threads

@Suite("A thread")
struct SystemThreadTests {
  private struct Fault: Error {}

  @Test("whose work takes long gives way to others, as do those that it starts; the one that waits for it does not")
  func priority() throws {
    let found = Lock<[Int32]>([])
    let policy = Lock<Int32>(-1)
    let note = { @Sendable in found.withLock { $0.append(SystemThread.niceness) } }
    try SystemThread {
      note()
      let own = try? SystemThread.runBehindCalls { () -> Int32 in
        policy.withLock { $0 = sched_getscheduler(0) }
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
    // SCHED_BATCH of sched.h.
    #expect(policy.withLock { $0 } == (usual < low ? 3 : sched_getscheduler(0)))
  }

  @Test("has the shortest slice where the kernel takes one, and keeps its niceness with it")
  func slice() throws {
    try SystemThread {
      let low = max(SystemThread.niceness, SystemThread.lowPriority)
      _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, low)
      #expect(SchedulerSlice.shorten(niceness: low))
      #expect(SystemThread.niceness == low)
    }.join()
  }

  @Test("passes the error of its work on")
  func fault() {
    #expect(throws: Fault.self) { try SystemThread.runBehindCalls { throw Fault() } }
  }
}
