/// Says of each dump that counts, shown from the newest to the oldest, which keep rules keep it.
struct KeepRules {
  /// Keeps the newest dump of each bucket while its count lasts, as restic's `forget` does: a dump is compared with the
  /// one that the rule kept last, so times that run backwards need no sorting.
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
  private var place = 0
  private var newestCreatedAt: Int?

  init(_ policy: RetentionPolicy) {
    self.policy = policy
    calendarRules = [
      CalendarRule(unit: .hour, left: policy.hourly), CalendarRule(unit: .day, left: policy.daily),
      CalendarRule(unit: .week, left: policy.weekly), CalendarRule(unit: .month, left: policy.monthly),
      CalendarRule(unit: .year, left: policy.yearly),
    ].filter { $0.left > 0 }
  }

  /// - Parameter createdAt: Unix seconds, of the next older dump that counts.
  /// - Returns: nothing when no rule keeps it.
  mutating func reasons(createdAt: Int) -> [RetentionReason] {
    var reasons: [RetentionReason] = []
    place += 1
    if place <= policy.last { reasons.append(.last(place, of: policy.last)) }
    for index in calendarRules.indices {
      if let reason = calendarRules[index].reason(createdAt: createdAt) { reasons.append(reason) }
    }
    // Measured from the newest dump and not from now: a clock that jumps forward ages nothing.
    let newest = newestCreatedAt ?? createdAt
    newestCreatedAt = newest
    if let within = policy.window {
      let (start, isBeforeAll) = newest.subtractingReportingOverflow(within)
      if isBeforeAll || createdAt > start { reasons.append(.within(seconds: within)) }
    }
    return reasons
  }
}
