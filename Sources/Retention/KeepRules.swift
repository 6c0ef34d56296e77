/// Finds the keep rules that keep each dump. It is asked only about dumps that count, from the newest to the oldest.
struct KeepRules {
  /// Keeps the newest dump of each bucket until its count is used up, as restic's `forget` does. A dump is compared
  /// with the one that the rule kept last, so times that run backwards need no sorting.
  private struct CalendarRule {
    let unit: CalendarBucket.Unit
    var left: Int
    var previous: CalendarBucket?

    mutating func reason(createdAt: Int) -> RetentionReason? {
      guard left > 0 else { return nil }
      let bucket = CalendarBucket(unit, unixSeconds: createdAt)
      guard bucket != previous else { return nil }
      previous = bucket
      left -= 1
      return .newest(of: bucket)
    }
  }

  private let policy: RetentionPolicy
  private var calendarRules: [CalendarRule]
  private var position = 0
  private var newestCreatedAt: Int?

  init(_ policy: RetentionPolicy) {
    self.policy = policy
    calendarRules = [
      CalendarRule(unit: .hour, left: policy.hourly), CalendarRule(unit: .day, left: policy.daily),
      CalendarRule(unit: .week, left: policy.weekly), CalendarRule(unit: .month, left: policy.monthly),
      CalendarRule(unit: .year, left: policy.yearly),
    ].filter { $0.left > 0 }
  }

  /// Evaluates the next older dump that counts.
  ///
  /// - Parameter createdAt: the dump's time in Unix seconds.
  /// - Returns: the rules that keep the dump; empty when none does.
  mutating func reasons(createdAt: Int) -> [RetentionReason] {
    var reasons: [RetentionReason] = []
    position += 1
    if position <= policy.last { reasons.append(.last(position, of: policy.last)) }
    for index in calendarRules.indices {
      if let reason = calendarRules[index].reason(createdAt: createdAt) { reasons.append(reason) }
    }
    // The window ends at the newest dump and not now, so a clock that jumps forward makes no dump older.
    let newest = newestCreatedAt ?? createdAt
    newestCreatedAt = newest
    if let within = policy.window {
      let (start, isBeforeAll) = newest.subtractingReportingOverflow(within)
      if isBeforeAll || createdAt > start { reasons.append(.within(seconds: within)) }
    }
    return reasons
  }
}
