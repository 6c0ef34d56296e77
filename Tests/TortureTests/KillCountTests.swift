import TestSupport
import Testing
import TortureModel

@Suite("The SIGKILLs of a round")
struct KillCountTests {
  @Test("are delivered only where they ended a process")
  func delivered() {
    var history = History.killed(at: 20)
    history.runs.append(.holding(1, epoch: 2, from: 21))
    #expect(history.deliveredKills == 1)
    // It ended in order before the signal came.
    history.runs[0].exit = 0
    #expect(history.deliveredKills == 0)
    history.runs[0].exit = -15
    #expect(history.deliveredKills == 0)
    // The SIGKILL of something else ended it.
    history.runs[0].exit = -9
    history.runs[0].signals = [.init(15, at: 19)]
    #expect(history.deliveredKills == 0)
  }

  @Test("are scheduled as often as the actions say")
  func scheduled() {
    var schedule = Schedule(seed: 1, randomness: SeededGenerator(seed: 1))
    schedule.actions = [
      .init(1, .kill(.holder, pause: 0)), .init(2, .stop(.holder, signals: [15], apart: 0, pause: 0)),
      .init(3, .kill(.task(1), pause: 1)), .init(4, .signal(.other, 10)),
    ]
    #expect(schedule.scheduledKills == 2)
  }
}
