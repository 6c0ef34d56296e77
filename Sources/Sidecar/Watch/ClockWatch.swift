import Retention

/// Notices when the wall clock jumps, by holding it against one that only goes forward.
///
/// After a jump nobody knows which of the two times was right, so nothing is pruned for a while: a dump that is kept
/// too long costs a little space, one that goes too early can't be had back.
struct ClockWatch: Sendable {
  /// A jump of less is a clock being corrected.
  private static let tolerance = 30
  static let caution = Duration.seconds(3600)

  private var offset: Int?
  private var distrust: (until: Duration, seconds: Int)?

  /// - Parameters:
  ///   - wall: Unix seconds.
  ///   - steady: of a clock that only goes forward.
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
