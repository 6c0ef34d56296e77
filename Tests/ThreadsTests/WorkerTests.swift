import Clocks
import Glibc
import Synchronization
import TestSupport
import Testing
import Threads

@Suite("A worker")
struct WorkerTests {
  private struct Fault: Error {}

  @Test("keeps nobody waiting longer than the deadline, and goes on afterwards")
  func lateWork() {
    let (worker, gate) = (Worker(), Wakeup())
    let outcome = worker.run(until: Deadline(in: .milliseconds(30))) { gate.wait(until: Deadline(in: .seconds(60))) }
    guard case .late = outcome else {
      Issue.record("it was not late: \(outcome)")
      return
    }
    #expect(eventually { worker.busyFor == nil ? nil : true } == true)
    gate.ring()
    guard case .done(7) = worker.run(until: Deadline(in: .seconds(30)), { 7 }) else {
      Issue.record("the thread did not go on")
      return
    }
    guard case .failed = worker.run(until: Deadline(in: .seconds(30)), { () throws -> Int in throw Fault() }) else {
      Issue.record("the fault got lost")
      return
    }
  }

  @Test("does its work in the order in which it came, on one thread, and tells what came of each piece")
  func order() async throws {
    let worker = Worker()
    let order = Lock<[Int]>([])
    let threads = Lock<Set<pthread_t>>([])
    try await withThrowingTaskGroup(of: Int.self) { group in
      for number in 0..<200 {
        worker.start({
          order.withLock { $0.append(number) }
          _ = threads.withLock { $0.insert(pthread_self()) }
        }) { _ in }
      }
      for number in 0..<50 {
        group.addTask {
          try await withCheckedThrowingContinuation { continuation in
            worker.start({ number }) { continuation.resume(with: $0) }
          }
        }
      }
      let sum = try await group.reduce(0, +)
      #expect(sum == (0..<50).reduce(0, +))
    }
    await #expect(throws: Fault.self) {
      try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
        worker.start({ throw Fault() }) { continuation.resume(with: $0) }
      }
    }
    #expect(order.withLock { $0 } == Array(0..<200))
    #expect(threads.withLock { $0.count } == 1)
    #expect(threads.withLock { !$0.contains(pthread_self()) })
  }

  @Test("that is gone does what it was given, and then its thread ends")
  func end() {
    let released = Wakeup()
    // The values that the thread keeps are released with it.
    final class Mark: Sendable {
      let released: Wakeup
      init(_ released: Wakeup) { self.released = released }
      deinit { released.ring() }
    }
    let done = Wakeup()
    do {
      let (worker, mark, gate) = (Worker(), Mark(released), Wakeup())
      worker.start({ gate.wait(until: Deadline(in: .seconds(30))) }) { _ in }
      worker.start({ withExtendedLifetime(mark) { done.ring() } }) { _ in }
      gate.ring()
    }
    #expect(done.wait(until: Deadline(in: .seconds(30))))
    #expect(released.wait(until: Deadline(in: .seconds(30))))
  }
}

@Suite("A thread")
struct ThreadTests {
  /// Numbers of the signals that the calling thread does not block.
  private static var open: [Int32] {
    var mask = sigset_t()
    pthread_sigmask(SIG_BLOCK, nil, &mask)
    return (1...31).filter { sigismember(&mask, $0) == 0 }
  }

  @Test("that is waited for has ended, and blocks every signal but the kernel's faults")
  func mask() throws {
    let before = Self.open
    let seen = Lock<[Int32]>([])
    let thread = try SystemThread { seen.withLock { $0 = Self.open } }
    thread.join()
    let faults = [SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS]
    #expect(seen.withLock { $0 } == (faults + [SIGKILL, SIGSTOP]).sorted())
    #expect(Self.open == before)
  }
}

@Suite("A wake-up")
struct WakeupTests {
  @Test("ends every wait, also one that begins later, until it is taken back")
  func sticky() throws {
    let wakeup = Wakeup()
    let heard = Atomic(0)
    let threads = try (0..<4).map { _ in
      try SystemThread {
        if wakeup.wait(until: Deadline(in: .seconds(60))) { heard.add(1, ordering: .relaxed) }
      }
    }
    wakeup.ring()
    for thread in threads { thread.join() }
    #expect(heard.load(ordering: .relaxed) == 4)
    #expect(wakeup.wait(until: Deadline(in: .zero)))
    wakeup.clear()
    #expect(!wakeup.wait(until: Deadline(in: .zero)))
    wakeup.ring()
    #expect(wakeup.take(until: .never))
    #expect(!wakeup.take(until: Deadline(in: .milliseconds(5))))
  }

  @Test("that nobody rings ends at its deadline, and not before")
  func deadline() {
    let start = SteadyClock.now()
    #expect(!Wakeup().wait(until: Deadline(in: .milliseconds(50))))
    #expect(SteadyClock.now() - start >= .milliseconds(50))
  }
}
