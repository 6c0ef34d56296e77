/// Whether and when a call that failed is tried again. A value without a clock.
struct RetryRules: Sendable {
  /// Seconds.
  let baseDelay: Double
  /// Seconds.
  let maximumDelay: Double

  /// Whether a status of a server counts as a failure of it.
  static func isFailure(_ status: Int) -> Bool {
    switch status {
    case 500, 502, 503, 504: true
    default: false
    }
  }

  /// The pause before a try, in nanoseconds: a random part of a bound that doubles with each try (full jitter).
  ///
  /// - Parameters:
  ///   - retry: 0 for the first try after the failed one.
  ///   - random: from 0 to 1.
  func delay(before retry: Int, random: Double) -> Int64 {
    let bound = min(maximumDelay, baseDelay * Double(1 << min(retry, 30)))
    return Int64(bound * random * 1_000_000_000)
  }
}
