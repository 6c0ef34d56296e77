/// Gives out the rounds of a run, in the order of their seeds.
package struct RoundQueue: Sendable {
  private let first: UInt64
  private let most: Int
  /// By when the schedule of a round must be over; seconds of the caller's clock.
  private let end: Double
  /// So many rounds come first, however long they take.
  private let always: Int
  private var begun = 0

  package init(first: UInt64, most: Int, end: Double = .infinity, always: Int) {
    self.first = first
    self.most = most
    self.end = end
    self.always = always
  }

  /// - Parameters:
  ///   - now: seconds of the clock of `end`.
  ///   - schedule: of a seed.
  /// - Returns: the next round; `nil` when there is none, or it would go on for too long.
  package mutating func next(now: Double, _ schedule: (_ seed: UInt64) -> Schedule) -> (
    number: Int, schedule: Schedule
  )? {
    guard begun < most else { return nil }
    let schedule = schedule(first &+ UInt64(begun))
    guard begun < always || now + schedule.length <= end else { return nil }
    defer { begun += 1 }
    return (begun, schedule)
  }
}
