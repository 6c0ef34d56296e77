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

  @Test("keeps a dump while no copies may be made")
  func held() {
    var schedule = CopySchedule()
    _ = schedule.offer([dump("a.bin")])
    schedule.hold(for: .seconds(10), at: .seconds(100))
    guard case .pause(let until) = schedule.next(at: .seconds(109)), until == .seconds(110) else {
      Issue.record("there is no pause")
      return
    }
    #expect(name(schedule.next(at: .seconds(110))) == "a.bin")
  }

  @Test("keeps a dump while the role is unknown, and looks again soon; another task's business is dropped")
  func roles() {
    var schedule = CopySchedule()
    _ = schedule.offer([dump("a.bin")])
    for second in [100, 101, 102] {
      let now = Duration.seconds(second)
      #expect(name(schedule.next(at: now)) == "a.bin")
      schedule.withhold(in: .unknown("the lease can't be read"), at: now)
      guard case .pause(let until) = schedule.next(at: now) else {
        Issue.record("there is no pause")
        return
      }
      #expect(until == now + .seconds(1))
    }
    // A pause is no failure, so the pause after the next failure is a short one.
    var generator = SeededGenerator(seed: 1)
    #expect(schedule.failed(at: .seconds(103), using: &generator) <= .seconds(2))
    for role in [VolumeRole.standby("another task writes"), .vacant("nobody does")] {
      _ = schedule.offer([dump("a.bin")])
      #expect(name(schedule.next(at: .seconds(200))) == "a.bin")
      schedule.withhold(in: role, at: .seconds(200))
      guard case .idle = schedule.next(at: .seconds(200)) else {
        Issue.record("the dump is still offered")
        return
      }
    }
  }
}
