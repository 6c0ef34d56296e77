package import JSON

/// The limits of a user's requests to APIs, with the values that Doorman takes for absent fields.
package struct UserLimits: Sendable, Equatable {
  /// Requests that are allowed in a window of time.
  package struct Rate: Sendable, Equatable {
    /// The number of requests.
    package let count: Int
    /// Seconds.
    package let window: Int
  }

  /// Requests that have to wait when too many come in a window of time.
  package struct Throttle: Sendable, Equatable {
    /// The number of requests that do not wait.
    package let count: Int
    /// The number of requests, with those that wait, above which requests are refused.
    package let queueLimit: Int
    /// Seconds.
    package let window: Int
    /// Seconds that a request waits for each request by which it is above `count`.
    package let wait: Double
  }

  /// Bytes that are allowed in a window of time.
  package struct Bandwidth: Sendable, Equatable {
    /// The number of bytes of requests and responses.
    package let bytes: Int
    /// Seconds.
    package let window: Int

    /// The end of the window of a moment. Both in Unix seconds; windows begin at multiples of their length.
    package func windowEnd(after now: Int) -> Int { (now / window + 1) * window }
  }

  /// `nil` for no limit.
  package let rate: Rate?
  /// `nil` for no limit.
  package let throttle: Throttle?
  /// `nil` for no limit.
  package let bandwidth: Bandwidth?

  private static let standardRate = 60
  private static let standardThrottle = 10
  private static let standardWait = 0.5
  private static let minute = 60
  private static let day = 86_400

  /// Decodes the fields of a user. `rate_limit_enabled: false` does not switch off a limit that has a duration, as in
  /// Doorman; the same holds for the throttle.
  package init(_ user: JSONObject) {
    rate = Self.rate(user)
    throttle = Self.throttle(user)
    bandwidth = Self.bandwidth(user)
  }

  private static func rate(_ user: JSONObject) -> Rate? {
    let count = user.positive("rate_limit_duration")
    guard count != nil || user["rate_limit_enabled"]?.bool == true else { return nil }
    return Rate(
      count: count ?? standardRate,
      window: seconds(user["rate_limit_duration_type"]?.string) ?? minute)
  }

  private static func throttle(_ user: JSONObject) -> Throttle? {
    let (count, queueLimit) = (user.positive("throttle_duration"), user.positive("throttle_queue_limit"))
    guard count != nil || queueLimit != nil || user["throttle_enabled"]?.bool == true else { return nil }
    let wait = user["throttle_wait_duration"]?.number?.double
    return Throttle(
      count: count ?? standardThrottle, queueLimit: queueLimit ?? standardThrottle,
      window: user.has("throttle_duration_type") ? seconds(user["throttle_duration_type"]?.string) ?? minute : 1,
      wait: (wait.flatMap { $0 > 0 ? $0 : nil } ?? standardWait)
        * Double(seconds(user["throttle_wait_duration_type"]?.string) ?? 1))
  }

  private static func bandwidth(_ user: JSONObject) -> Bandwidth? {
    guard user.flag("bandwidth_limit_enabled", standard: true), let bytes = user.positive("bandwidth_limit_bytes")
    else {
      return nil
    }
    let window = seconds(user["bandwidth_limit_window"]?.string)
    // Doorman knows no window of a year here.
    return Bandwidth(bytes: bytes, window: window.flatMap { $0 <= 30 * day ? $0 : nil } ?? day)
  }

  private static let units: [(name: String, seconds: Int)] = [
    ("second", 1), ("minute", minute), ("hour", 3600), ("day", day), ("week", 7 * day), ("month", 30 * day),
    ("year", 365 * day),
  ]

  /// The seconds of a unit of time, in its singular or plural form, or `nil` for an unknown one.
  private static func seconds(_ unit: String?) -> Int? {
    guard let unit else { return nil }
    return units.first { unit.hasSameBytes(as: $0.name) || unit.hasSameBytes(as: $0.name + "s") }?.seconds
  }
}
