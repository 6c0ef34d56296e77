import Retention

/// Detects jumps of the wall clock by comparing it with a clock that only goes forward.
///
/// After a jump it is unknown which of the two times was right, so nothing is pruned for a while. A dump that is kept
/// too long costs a little space. A dump that is removed too early is lost.
struct ClockWatch: Sendable {
  /// The seconds up to which a jump counts as a correction of the clock.
  private static let tolerance = 30
  static let caution = Duration.seconds(3600)

  private var offset: Int?
  private var distrust: (until: Duration, seconds: Int)?

  /// Reads the clock.
  ///
  /// - Parameters:
  ///   - wall: Unix seconds.
  ///   - steady: the time of a clock that only goes forward.
  mutating func read(wall: Int, steady: Duration) -> ClockReading {
    let present = wall - Int(steady.components.seconds)
    if let offset, abs(present - offset) > Self.tolerance {
      distrust = (steady + Self.caution, present - offset)
    }
    offset = present
    guard let distrust, steady < distrust.until else { return .trusted(now: wall) }
    let direction = distrust.seconds > 0 ? "forward" : "back"
    return .untrusted(reason: "the clock went \(direction) by \(abs(distrust.seconds)) s a short while ago")
  }
}
