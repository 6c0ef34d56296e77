/// Which dumps an operator wants to keep. A dump that any keep rule keeps stays, as with restic's `forget`; then the
/// caps bound what was kept.
package struct RetentionPolicy: Sendable, Equatable {
  /// How many of the newest dumps; 0, as for the five that follow, when the rule is not set.
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
  /// Dumps that the rules keep; less than 1 is taken as 1.
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
    within != nil || max(last, hourly, daily, weekly, monthly, yearly) > 0
  }

  /// Without any rule everything is kept.
  package var isEmpty: Bool { !hasKeepRule && maximumBytes == nil && maximumCount == nil }
}
