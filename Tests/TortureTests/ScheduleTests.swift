import TestSupport
import Testing
import TortureModel

private func schedule(_ seed: UInt64, _ theme: Theme? = nil) -> Schedule {
  Schedule(seed: seed, theme: theme, randomness: SeededGenerator(seed: seed))
}

@Suite("A schedule")
struct ScheduleTests {
  @Test("is the same for the same seed, and another one for another")
  func seeds() {
    #expect(schedule(17) == schedule(17))
    #expect(schedule(17).actions != schedule(18).actions)
  }

  @Test("comes with every theme, kind of volume and number of tasks, and is of about two tasks for the most part")
  func variety() {
    let schedules = (0..<300).map { schedule($0) }
    #expect(Set(schedules.map(\.theme)) == Set(Theme.allCases.filter(\.isDrawn)))
    #expect(Set(schedules.map(\.volume)) == Set(Schedule.Volume.allCases))
    #expect(Set(schedules.map(\.tasks.count)) == [1, 2, 3])
    #expect(schedules.count { $0.tasks.count == 2 } > 150)
    #expect(schedules.contains { $0.tasks.contains { $0.skews != [0, 0, 0] } })
    #expect(schedules.contains { $0.tasks.contains(where: \.isOnOtherKernel) })
  }

  @Test("acts in order and within its length", arguments: Theme.allCases)
  func order(theme: Theme) {
    for seed in UInt64(0)..<50 {
      let schedule = schedule(seed, theme)
      #expect(schedule.actions.map(\.time) == schedule.actions.map(\.time).sorted())
      #expect(schedule.actions.allSatisfy { $0.time >= 0 && $0.time <= schedule.length })
      #expect(!schedule.actions.isEmpty)
    }
  }
}
