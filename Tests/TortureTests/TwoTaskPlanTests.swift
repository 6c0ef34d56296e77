import TestSupport
import Testing
import TortureModel

@Suite("The disturbances of two tasks")
struct TwoTaskPlanTests {
  private static func steps(_ plan: TwoTaskPlan, mayFreeze: Bool = true) -> [TwoTaskPlan.Step] {
    var generator = SeededGenerator(seed: 7)
    return (0..<600).map { _ in plan.step(mayFreeze: mayFreeze, using: &generator) }
  }

  /// The seconds for which a task stands still, and the task.
  private static func pauses(_ steps: [TwoTaskPlan.Step]) -> [(task: Int, seconds: Double)] {
    steps.compactMap { step in
      switch step {
      case .freeze(let task, let seconds), .hang(let task, let seconds): (task, seconds)
      case .kill, .stop, .killBoth: nil
      }
    }
  }

  @Test("are of every theme within four seeds, and short with the first seed")
  func seeds() {
    let themes = (1...8 as ClosedRange<UInt64>).map { TwoTaskPlan(seed: $0).theme }
    #expect(themes == TwoTaskPlan.Theme.allCases + TwoTaskPlan.Theme.allCases)
    #expect(TwoTaskPlan(seed: 1).theme == .mix)
    #expect(TwoTaskPlan(seed: 0) == TwoTaskPlan(seed: 0))
    #expect(TwoTaskPlan(seed: 1, theme: .hang).theme == .hang)
  }

  @Test("have clocks a day apart, each task's ahead and behind in turn")
  func clocks() {
    let skews = ([4, 8, 12, 16] as [UInt64]).map { TwoTaskPlan(seed: $0).skews }
    #expect(Set(skews) == [[0, 86_400], [86_400, 0], [0, -86_400], [-86_400, 0]])
    for seed in [1, 2, 3] as [UInt64] { #expect(TwoTaskPlan(seed: seed).skews == [0, 0]) }
  }

  @Test("let either task stand still for 5 to 60 s", arguments: TwoTaskPlan.Theme.allCases)
  func pauses(theme: TwoTaskPlan.Theme) {
    let isLong = theme == .longFreeze || theme == .hang
    let steps = Self.steps(TwoTaskPlan(seed: 1, theme: theme))
    let pauses = Self.pauses(steps)
    for task in 0...1 {
      let seconds = pauses.filter { $0.task == task }.map(\.seconds)
      #expect(seconds.allSatisfy { $0 >= 5 && $0 <= (isLong ? 60 : 30) })
      #expect((seconds.max() ?? 0) > (isLong ? 55 : 25) && (seconds.min() ?? 60) < 10)
      #expect(steps.contains(.kill(task: task)) && steps.contains(.stop(task: task)))
    }
    let hangs = steps.count { if case .hang = $0 { true } else { false } }
    #expect(theme == .hang ? hangs == pauses.count : hangs == 0)
    #expect(Self.pauses(Self.steps(TwoTaskPlan(seed: 1, theme: theme), mayFreeze: false)).isEmpty)
  }
}
