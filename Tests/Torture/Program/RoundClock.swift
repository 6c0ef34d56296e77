import Foundation

/// The time of a round: seconds since its beginning.
struct RoundClock: Sendable {
  private let start = ContinuousClock.now
  /// Unix time of the beginning.
  let origin = Date().timeIntervalSince1970

  var now: Double { seconds(at: .now) }

  func seconds(at instant: ContinuousClock.Instant) -> Double {
    let (seconds, attoseconds) = (instant - start).components
    return Double(seconds) + Double(attoseconds) / 1e18
  }
}
