import Retention
import Testing

@Suite("Calendar buckets")
struct CalendarBucketTests {
  @Test("agree with a day-by-day calendar of 60 years")
  func walked() {
    var differences: [String] = []
    for (index, day) in NaiveCalendar.shared.days.enumerated() {
      let second = NaiveCalendar.firstSecond + index * 86_400 + index % 86_400
      let month = "\(day.year)-\(day.month < 10 ? "0" : "")\(day.month)"
      let expected = [
        "\(month)-\(day.day < 10 ? "0" : "")\(day.day)", "\(day.isoYear)-W\(day.isoWeek < 10 ? "0" : "")\(day.isoWeek)",
        month, "\(day.year)",
      ]
      let found = [CalendarBucket.Unit.day, .week, .month, .year].map { "\(CalendarBucket($0, unixSeconds: second))" }
      if found != expected { differences.append("\(second): \(found) and not \(expected)") }
    }
    #expect(differences == [])
  }

  @Test(
    "assign the days around new year to the ISO week of their Thursday",
    arguments: [
      (1_104_537_600, "2004-W53"),  // Saturday 2005-01-01
      (1_135_987_200, "2005-W52"),  // Saturday 2005-12-31
      (1_230_508_800, "2009-W01"),  // Monday 2008-12-29
      (1_262_476_799, "2009-W53"),  // Saturday 2010-01-02, its last second
      (1_609_459_200, "2020-W53"),  // Friday 2021-01-01
      (1_609_718_400, "2021-W01"),  // Monday 2021-01-04
      (-3 * 86_400, "1970-W01"),  // Monday 1969-12-29
      (-3 * 86_400 - 1, "1969-W52"),  // the second before
    ])
  func weeks(second: Int, text: String) {
    #expect("\(CalendarBucket(.week, unixSeconds: second))" == text)
  }

  @Test("exist for the smallest and the largest number of seconds")
  func extremes() {
    #expect("\(CalendarBucket(.hour, unixSeconds: -1))" == "1969-12-31T23")
    #expect("\(CalendarBucket(.hour, unixSeconds: -62_167_219_201))" == "-0001-12-31T23")
    #expect("\(CalendarBucket(.day, unixSeconds: 253_402_300_800))" == "10000-01-01")
    #expect("\(CalendarBucket(.hour, unixSeconds: .max))" == "292277026596-12-04T15")
    for second in [Int.min, .max] {
      for unit in [CalendarBucket.Unit.hour, .day, .week, .month, .year] {
        #expect(!"\(CalendarBucket(unit, unixSeconds: second))".isEmpty)
      }
    }
  }
}
