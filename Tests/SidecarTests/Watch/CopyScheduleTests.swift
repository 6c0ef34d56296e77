import DumpDirectory
import DumpReports
import TestSupport
import Testing

@testable import Sidecar

@Suite("CopySchedule")
struct CopyScheduleTests {
  private func dump(_ name: String, isGood: Bool = true) -> KnownDump {
    KnownDump(
      entry: DumpEntry(path: "/d/\(name)"), identity: nil,
      verification: isGood ? .good(DumpCheck.Checked.example().good) : .damaged("x"))
  }

  private func name(_ next: CopySchedule.Next) -> String? {
    if case .copy(let dump) = next { dump.name } else { nil }
  }

  @Test("copies the newest verified dump, and no older one that it has passed over")
  func newest() {
    var schedule = CopySchedule()
    #expect(name(schedule.next(at: .zero)) == nil)
    let old = dump("old.bin")
    var isOffered = schedule.offer([dump("bad.bin", isGood: false)])
    #expect(!isOffered)
    isOffered = schedule.offer([old])
    #expect(isOffered)
    #expect(name(schedule.next(at: .zero)) == "old.bin")
    _ = schedule.offer([dump("bad.bin", isGood: false), dump("new.bin"), old])
    // The old one was being copied meanwhile.
    schedule.copied(old)
    #expect(name(schedule.next(at: .zero)) == "new.bin")
    schedule.copied(dump("new.bin"))
    guard case .idle = schedule.next(at: .zero) else {
      Issue.record("there is more to copy")
      return
    }
  }

  @Test("waits after a failure, longer each time, and up to five minutes")
  func failures() {
    var (schedule, generator, now) = (CopySchedule(), SeededGenerator(seed: 1), Duration.zero)
    _ = schedule.offer([dump("a.bin")])
    for number in 0..<20 {
      let bound = min(Duration.seconds(300), .seconds(2) * (1 << number))
      let wait = schedule.failed(at: now, using: &generator)
      #expect(wait >= bound * 0.1 && wait <= bound)
      guard case .pause(let until) = schedule.next(at: now) else {
        Issue.record("there is no pause")
        return
      }
      #expect(until == now + wait)
      now = until
      #expect(name(schedule.next(at: now)) == "a.bin")
    }
    schedule.succeeded()
    #expect(schedule.failed(at: now, using: &generator) <= .seconds(2))
  }
}
