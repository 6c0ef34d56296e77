/// Hands out the rounds of a run, in the order of their seeds.
package struct RoundQueue: Sendable {
  private let first: UInt64
  private let most: Int
  /// The time by which the schedule of a round must be over, in seconds of the caller's clock.
  private let end: Double
  /// The number of rounds that are played first, regardless of their length.
  private let always: Int
  private var begun = 0

  /// Makes a queue of up to `most` rounds, whose seeds count up from `first`.
  package init(first: UInt64, most: Int, end: Double = .infinity, always: Int) {
    self.first = first
    self.most = most
    self.end = end
    self.always = always
  }

  /// - Parameters:
  ///   - now: the time in seconds, on the same clock as `end`.
  ///   - schedule: returns the schedule of a seed.
  /// - Returns: the next round, or `nil` when there is none or it would last too long.
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
