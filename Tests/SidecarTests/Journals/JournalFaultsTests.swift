import TestSupport
import Testing

@testable import Sidecar

@Suite("JournalFaults")
struct JournalFaultsTests {
  @Test("let a journal that stays damaged be tried more and more rarely, a minute apart at most, and others always")
  func schedule() {
    var generator = SeededGenerator(seed: 5)
    var faults = JournalFaults()
    #expect(faults.isEmpty && faults.isDue("a", at: .zero))
    var now = Duration.zero
    var pauses: [Duration] = []
    for attempt in 0..<20 {
      let (pause, isFirst) = faults.failed("a", at: now, using: &generator)
      #expect(isFirst == (attempt == 0))
      #expect(!faults.isDue("a", at: now) && !faults.isDue("a", at: now + pause - .milliseconds(1)))
      #expect(faults.isDue("b", at: now))
      now += pause
      #expect(faults.isDue("a", at: now))
      pauses.append(pause)
    }
    #expect(pauses.allSatisfy { $0 >= .milliseconds(500) && $0 <= .seconds(60) })
    #expect(pauses.contains { $0 > .seconds(30) })
    #expect(faults.failures == 20)
  }

  @Test("begin anew for a journal that was copied, and are forgotten with journals that are gone")
  func forgotten() {
    var generator = SeededGenerator(seed: 5)
    var faults = JournalFaults()
    for name in ["a", "b"] { _ = faults.failed(name, at: .zero, using: &generator) }
    faults.succeeded("a")
    #expect(faults.isDue("a", at: .zero) && !faults.isDue("b", at: .zero) && !faults.isEmpty)
    #expect(faults.failed("a", at: .zero, using: &generator).isFirst)
    faults.removeAll(except: ["a", "c"])
    #expect(!faults.isDue("a", at: .zero) && faults.isDue("b", at: .zero))
    faults.removeAll(except: [])
    #expect(faults.isEmpty)
  }
}
