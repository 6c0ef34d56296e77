/// Why an endpoint of ECS did not do what it was asked.
struct EndpointRefusal: Error, Sendable, Equatable {
  let description: String
  /// Whether a further request within the minute is no use, as the task has no role or may not.
  let isFinal: Bool
}

/// The answer of an endpoint of ECS.
typealias EndpointResult = Result<Bool, EndpointRefusal>

/// When an endpoint of ECS is asked next: after its period, or later and later while it fails. A value without a clock.
struct EndpointSchedule: Sendable {
  private static let backOff = Duration.seconds(1)
  static let longestBackOff = Duration.seconds(60)

  /// Failures in a row.
  private(set) var failures = 0
  private var next = Duration.zero

  /// Whether the endpoint is asked now.
  func isDue(at now: Duration) -> Bool { now >= next }

  /// Takes in an answer.
  ///
  /// - Parameter period: the time until the next request after a success.
  mutating func note(_ result: EndpointResult, period: Duration, at now: Duration) {
    switch result {
    case .success:
      failures = 0
      next = now + period
    case .failure(let refusal):
      failures += 1
      let wait = refusal.isFinal ? Self.longestBackOff : Self.backOff * (1 << min(failures, 6))
      next = now + min(Self.longestBackOff, wait)
    }
  }
}

/// When the protection of the task is set next: when another one is wished, and before it expires. A value without a
/// clock.
struct ProtectionSchedule: Sendable {
  /// Minutes. The protection is renewed at half of it, and expires by itself when this process has ended.
  static let expiry = 10

  private var endpoint = EndpointSchedule()
  private var isProtected = false
  private var setAt = Duration.zero

  /// Failures in a row.
  var failures: Int { endpoint.failures }

  /// Whether the protection is set now.
  func isDue(isWished: Bool, at now: Duration) -> Bool {
    let isStale = isWished && isProtected && now - setAt > .seconds(Self.expiry * 30)
    return endpoint.isDue(at: now) && (isWished != isProtected || isStale)
  }

  /// Takes in an answer to a request that set the protection as it was wished.
  mutating func note(_ result: EndpointResult, isWished: Bool, at now: Duration) {
    endpoint.note(result, period: .zero, at: now)
    if case .success = result { (isProtected, setAt) = (isWished, now) }
  }
}
