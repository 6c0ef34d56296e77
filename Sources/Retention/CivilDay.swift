/// A day of the proleptic Gregorian calendar. Every Unix time in an `Int` has one.
struct CivilDay: Equatable {
  let year, month, day: Int

  /// Converts a number of days to a date, by Howard Hinnant's "chrono-Compatible Low-Level Date Algorithms".
  ///
  /// - Parameter days: the days since 1970-01-01. They are at most 2^63 / 86,400 away from it, so no sum below
  ///   overflows.
  init(daysSince1970 days: Int) {
    let shifted = days + 719_468
    let era = shifted.flooredQuotient(146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  }

  /// The number of days from 1970-01-01 to 1 January of a year.
  static func newYear(_ year: Int) -> Int {
    let past = year - 1
    return past * 365 + past.flooredQuotient(4) - past.flooredQuotient(100) + past.flooredQuotient(400) - 719_162
  }
}

extension Int {
  /// The quotient rounded towards minus infinity, so that times before 1970 get the right day.
  ///
  /// - Parameter divisor: more than 1, so that the division can't overflow.
  func flooredQuotient(_ divisor: Int) -> Int {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }
}
