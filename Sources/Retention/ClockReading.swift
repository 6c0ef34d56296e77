/// What the time is, or why that can't be told.
package enum ClockReading: Sendable, Equatable {
  /// - Parameter now: Unix seconds.
  case trusted(now: Int)
  /// - Parameter reason: shown to operators, such as "the clock went back by 3 hours".
  case untrusted(reason: String)

  /// The time some seconds after the reading.
  package func later(by seconds: Int) -> ClockReading {
    guard case .trusted(let now) = self else { return self }
    let (sum, isBeyondAll) = now.addingReportingOverflow(seconds)
    return .trusted(now: isBeyondAll ? .max : sum)
  }
}
