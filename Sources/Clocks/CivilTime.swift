/// A moment in UTC, by the proleptic Gregorian calendar.
package struct CivilTime: Sendable {
  private let year, month, day, hour, minute, second: Int

  /// The moment of a Unix time.
  package init(unixSeconds: Int) {
    let days = unixSeconds >= 0 ? unixSeconds / 86_400 : (unixSeconds - 86_399) / 86_400
    let rest = unixSeconds - days * 86_400
    (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60)
    // Days to civil date after Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  }

  /// - Parameter fields: year, month, day, hour, minute and second, as they were written.
  init?(_ fields: [Int]) {
    guard fields.count == 6, (1...12).contains(fields[1]), (1...31).contains(fields[2]) else { return nil }
    (year, month, day) = (fields[0], fields[1], fields[2])
    (hour, minute, second) = (fields[3], fields[4], fields[5])
  }

  /// The Unix time. A day or second beyond the end of its month or minute counts on: 30 February is 2 March.
  package var unixSeconds: Int {
    // Civil date to days, after the same source as above.
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    return days * 86_400 + hour * 3600 + minute * 60 + second
  }

  /// As in names of dumps: `20261123T201137Z`.
  package var compact: String {
    "\(Self.pad(year, 4))\(Self.pad(month))\(Self.pad(day))T\(Self.pad(hour))\(Self.pad(minute))\(Self.pad(second))Z"
  }

  /// As in RFC 3339, in seconds: `2026-11-23T20:11:37Z`.
  package var extended: String { "\(dateAndTime)Z" }

  /// As in RFC 3339: `2026-11-23T20:11:37.454068Z`.
  package func extended(microseconds: Int) -> String { "\(dateAndTime).\(Self.pad(microseconds, 6))Z" }

  private var dateAndTime: String {
    "\(Self.pad(year, 4))-\(Self.pad(month))-\(Self.pad(day))T\(Self.pad(hour)):\(Self.pad(minute)):\(Self.pad(second))"
  }

  private static func pad(_ value: Int, _ width: Int = 2) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
