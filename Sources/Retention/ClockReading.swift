/// The present time, or the reason why it is unknown.
package enum ClockReading: Sendable, Equatable {
  /// The time.
  ///
  /// - Parameter now: Unix seconds.
  case trusted(now: Int)
  /// The clock can't be trusted.
  ///
  /// - Parameter reason: shown to operators, such as "the clock went back by 3 hours".
  case untrusted(reason: String)

  /// The reading some seconds later. An untrusted clock stays untrusted.
  package func later(by seconds: Int) -> ClockReading {
    guard case .trusted(let now) = self else { return self }
    let (sum, isBeyondAll) = now.addingReportingOverflow(seconds)
    return .trusted(now: isBeyondAll ? .max : sum)
  }
}
