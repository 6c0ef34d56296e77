/// The rules by which an operator keeps dumps. A rule that is `nil` or at most 0 is off.
///
/// A dump stays if any keep rule keeps it, as with restic's `forget`. The caps then limit the kept dumps.
package struct RetentionPolicy: Sendable, Equatable {
  /// The number of newest dumps to keep.
  package var last: Int
  /// The number of hours to keep, each with its newest dump. Hours without a dump do not count; the same holds for the
  /// units below.
  package var hourly: Int
  /// The number of days to keep, each with its newest dump.
  package var daily: Int
  /// The number of ISO weeks to keep, each with its newest dump. Weeks begin on Monday; all units are in UTC.
  package var weekly: Int
  /// The number of months to keep, each with its newest dump.
  package var monthly: Int
  /// The number of years to keep, each with its newest dump.
  package var yearly: Int
  /// The length of a window in seconds that ends at the newest dump. Every dump in it is kept.
  package var within: Int?
  /// The largest total size in bytes of the dumps that the rules keep. The newest dump stays even if it alone is
  /// larger.
  package var maximumBytes: Int?
  /// The largest number of dumps that the rules keep.
  package var maximumCount: Int?
  /// The length in seconds of the time before now to whose moments a restore can go. It keeps journals, and dumps that
  /// journals continue. It is no rule that keeps dumps on its own, so it does not count in `isEmpty`.
  package var journal: Int

  /// Creates a policy. Rules that are not named are off.
  package init(
    last: Int = 0, hourly: Int = 0, daily: Int = 0, weekly: Int = 0, monthly: Int = 0, yearly: Int = 0,
    within: Int? = nil, maximumBytes: Int? = nil, maximumCount: Int? = nil, journal: Int = standardJournal
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
    self.journal = journal
  }

  /// Seven days.
  package static let standardJournal = 7 * 86_400

  /// The policy when no rule is set.
  package static let standard = RetentionPolicy(last: 5, hourly: 24, daily: 7, weekly: 4)

  var hasKeepRule: Bool {
    window != nil || max(last, hourly, daily, weekly, monthly, yearly) > 0
  }

  /// Whether every rule is off. All dumps are kept then.
  package var isEmpty: Bool { !hasKeepRule && byteCap == nil && countCap == nil }

  // The optional rules, `nil` when they are off.
  var window: Int? { Self.on(within) }
  var byteCap: Int? { Self.on(maximumBytes) }
  var countCap: Int? { Self.on(maximumCount) }

  private static func on(_ rule: Int?) -> Int? { rule.flatMap { $0 > 0 ? $0 : nil } }
}
