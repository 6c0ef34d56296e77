/// A calendar that is built day by day, for comparison with the calculating one.
struct NaiveCalendar {
  struct Day {
    var year = 2001
    var month = 1
    var day = 1
    var isoYear = 2001
    var isoWeek = 1
  }

  /// The days since 1970 of 2001-01-01, a Monday and the first day of an ISO week year.
  static let firstDay = 11_323
  static let firstSecond = firstDay * 86_400
  /// The days from 2001-01-01 to 2060-12-31.
  let days: [Day]

  static let shared = NaiveCalendar()

  private init() {
    var days = [Day()]
    var today = Day()
    var weekday = 0
    while true {
      let isLeapYear = today.year % 400 == 0 || (today.year % 4 == 0 && today.year % 100 != 0)
      let lengths = [31, isLeapYear ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
      today.day += 1
      if today.day > lengths[today.month - 1] { (today.day, today.month) = (1, today.month + 1) }
      if today.month > 12 { (today.month, today.year) = (1, today.year + 1) }
      weekday = (weekday + 1) % 7
      if weekday == 0 {
        today.isoWeek += 1
        // The first week of a year contains 4 January.
        let isBeforeNewYear = today.month == 12 && today.day >= 29
        if isBeforeNewYear || (today.month == 1 && today.day <= 4) {
          today.isoWeek = 1
          today.isoYear = isBeforeNewYear ? today.year + 1 : today.year
        }
      }
      if today.year > 2060 { break }
      days.append(today)
    }
    self.days = days
  }

  static var lastSecond: Int { firstSecond + shared.days.count * 86_400 - 1 }

  /// The day of a time.
  ///
  /// - Parameter second: Unix time, within the years of the table.
  func day(_ second: Int) -> Day { days[(second - Self.firstSecond) / 86_400] }
}
