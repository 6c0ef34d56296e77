/// The disturbances of a round of two tasks with clients on both. They are a pure function of the round's seed.
package struct TwoTaskPlan: Sendable, Equatable {
  /// The kind of a round's disturbances. All of them have kills and stops, too.
  package enum Theme: String, Sendable, CaseIterable {
    /// Freezes of either task for at most 30 s.
    case mix
    /// Freezes of either task for at most 60 s.
    case longFreeze
    /// A mount for each task. Either mount hangs for at most 60 s, while the other one goes on.
    case hang
    /// The clocks of both tasks are a day apart, beside the freezes of `mix`.
    case clocks
  }

  /// A disturbance.
  package enum Step: Sendable, Equatable {
    /// SIGKILL, and a start.
    case kill(task: Int)
    /// SIGTERM, and a start.
    case stop(task: Int)
    /// SIGKILL of both tasks, and their starts.
    case killBoth
    /// SIGSTOP, and SIGCONT after some seconds.
    case freeze(task: Int, seconds: Double)
    /// No call of a task to its volume returns for some seconds.
    case hang(task: Int, seconds: Double)
  }

  /// The shortest freeze or hang in seconds. A lease that is not renewed for 15 s goes to the other task.
  private static let shortest = 5.0
  private static let day = 86_400

  /// The kind of the disturbances.
  package let theme: Theme
  /// The seconds by which the clock of each task is wrong.
  package let skews: [Int]

  /// The plan of a round. Seeds 1, 5, 9 and so on have `mix`, and the next three the others in their order.
  ///
  /// - Parameter theme: the kind of the disturbances, in place of that of the seed.
  package init(seed: UInt64, theme: Theme? = nil) {
    let themes = Theme.allCases
    let number = seed &- 1
    self.theme = theme ?? themes[Int(number % UInt64(themes.count))]
    let wrong = [[0, Self.day], [Self.day, 0], [0, -Self.day], [-Self.day, 0]]
    skews = self.theme == .clocks ? wrong[Int(number / UInt64(themes.count) % UInt64(wrong.count))] : [0, 0]
  }

  /// Draws the next disturbance.
  ///
  /// - Parameter mayFreeze: whether a task may stand still.
  package func step(mayFreeze: Bool = true, using generator: inout some RandomNumberGenerator) -> Step {
    let task = Int.random(in: 0...1, using: &generator)
    let number = Int.random(in: 0..<6, using: &generator)
    switch theme {
    case .mix, .clocks:
      switch number {
      case 0, 1: return .kill(task: task)
      case 2, 3: return .stop(task: task)
      case 4 where mayFreeze: return .freeze(task: task, seconds: seconds(upTo: 30, &generator))
      default: return .killBoth
      }
    case .longFreeze, .hang:
      switch number {
      case 0: return .kill(task: task)
      case 1: return .stop(task: task)
      default:
        guard mayFreeze else { return .killBoth }
        let seconds = seconds(upTo: 60, &generator)
        return theme == .hang ? .hang(task: task, seconds: seconds) : .freeze(task: task, seconds: seconds)
      }
    }
  }

  private func seconds(upTo longest: Double, _ generator: inout some RandomNumberGenerator) -> Double {
    Double.random(in: Self.shortest...longest, using: &generator)
  }
}
