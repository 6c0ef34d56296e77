import Foundation

/// The clock of a round, in seconds since its start.
struct RoundClock: Sendable {
  private let start = ContinuousClock.now
  /// The Unix time of the start.
  let origin = Date().timeIntervalSince1970

  var now: Double { seconds(at: .now) }

  func seconds(at instant: ContinuousClock.Instant) -> Double {
    let (seconds, attoseconds) = (instant - start).components
    return Double(seconds) + Double(attoseconds) / 1e18
  }
}
