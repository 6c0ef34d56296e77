/// One hour, day, ISO week, month or year in UTC. A calendar rule keeps the newest dump of each.
package struct CalendarBucket: Sendable, Equatable {
  /// The length of a bucket.
  package enum Unit: Sendable, Equatable {
    case hour, day, week, month, year

    /// The name of the rule that keeps one dump for each bucket.
    var rule: String {
      switch self {
      case .hour: "hourly"
      case .day: "daily"
      case .week: "weekly"
      case .month: "monthly"
      case .year: "yearly"
      }
    }
  }

  /// The bucket's length.
  package let unit: Unit
  /// The number of the bucket: hours, days or months since 1970; weeks since the one of Thursday 1970-01-01; or the
  /// year itself.
  let number: Int

  /// Finds the bucket of a time.
  ///
  /// - Parameter seconds: Unix time. Every value has a bucket.
  package init(_ unit: Unit, unixSeconds seconds: Int) {
    self.unit = unit
    let days = seconds.flooredQuotient(86_400)
    switch unit {
    case .hour: number = seconds.flooredQuotient(3600)
    case .day: number = days
    // Weeks begin on Monday, three days before Thursday 1970-01-01.
    case .week: number = (days + 3).flooredQuotient(7)
    case .month:
      let day = CivilDay(daysSince1970: days)
      number = (day.year - 1970) * 12 + day.month - 1
    case .year: number = CivilDay(daysSince1970: days).year
    }
  }
}

extension CalendarBucket: CustomStringConvertible {
  /// The bucket as text: `2026-11-24T20`, `2026-11-24`, `2026-W48`, `2026-11` or `2026`.
  package var description: String {
    switch unit {
    case .hour:
      let days = number.flooredQuotient(24)
      return "\(Self.date(days))T\(Self.padded(number - days * 24, 2))"
    case .day: return Self.date(number)
    case .week:
      // ISO 8601 assigns a week to the year of its Thursday. The day numbers of Thursdays are the multiples of 7.
      let thursday = number * 7
      let year = CivilDay(daysSince1970: thursday).year
      return "\(Self.padded(year, 4))-W\(Self.padded((thursday - CivilDay.newYear(year)) / 7 + 1, 2))"
    case .month:
      let years = number.flooredQuotient(12)
      return "\(Self.padded(1970 + years, 4))-\(Self.padded(number - years * 12 + 1, 2))"
    case .year: return Self.padded(number, 4)
    }
  }

  private static func date(_ days: Int) -> String {
    let day = CivilDay(daysSince1970: days)
    return "\(padded(day.year, 4))-\(padded(day.month, 2))-\(padded(day.day, 2))"
  }

  private static func padded(_ value: Int, _ width: Int) -> String {
    let digits = String(value.magnitude)
    return (value < 0 ? "-" : "") + String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
