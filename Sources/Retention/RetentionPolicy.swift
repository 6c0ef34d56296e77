/// Which dumps an operator wants to keep. A rule that is 0 or less, or `nil`, is off. A dump that any keep rule keeps stays, as with restic's `forget`; then the
/// caps bound what was kept.
package struct RetentionPolicy: Sendable, Equatable {
  /// How many of the newest dumps.
  package var last: Int
  /// How many hours, each with its newest dump. Hours without a dump do not count, neither here nor below.
  package var hourly: Int
  package var daily: Int
  /// ISO weeks: from Monday, in UTC like all of these.
  package var weekly: Int
  package var monthly: Int
  package var yearly: Int
  /// Seconds before the newest dump, within which every dump is kept.
  package var within: Int?
  /// Bytes of all that the rules keep. The newest dump stays even when it alone is larger.
  package var maximumBytes: Int?
  /// Dumps that the rules keep.
  package var maximumCount: Int?

  package init(
    last: Int = 0, hourly: Int = 0, daily: Int = 0, weekly: Int = 0, monthly: Int = 0, yearly: Int = 0,
    within: Int? = nil, maximumBytes: Int? = nil, maximumCount: Int? = nil
  ) {
    self.last = last
    self.hourly = hourly
    self.daily = daily
    self.weekly = weekly
    self.monthly = monthly
    self.yearly = yearly
    self.within = within
    self.maximumBytes = maximumBytes
    self.maximumCount = maximumCount
  }

  /// For operators who set no rule at all.
  package static let standard = RetentionPolicy(last: 5, hourly: 24, daily: 7, weekly: 4)

  var hasKeepRule: Bool {
    window != nil || max(last, hourly, daily, weekly, monthly, yearly) > 0
  }

  /// Whether every rule is off. Everything is kept then.
  package var isEmpty: Bool { !hasKeepRule && byteCap == nil && countCap == nil }

  // The rules that can be absent, as they are in effect.
  var window: Int? { Self.on(within) }
  var byteCap: Int? { Self.on(maximumBytes) }
  var countCap: Int? { Self.on(maximumCount) }

  private static func on(_ rule: Int?) -> Int? { rule.flatMap { $0 > 0 ? $0 : nil } }
}
