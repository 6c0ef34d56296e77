import Clocks
import Testing

@Suite("Civil time")
struct CivilTimeTests {
  // Computed with Python's datetime.
  @Test(
    "has one spelling for each moment, and is read from it",
    arguments: [
      (0, "19700101T000000Z", "1970-01-01T00:00:00Z"),
      (951_782_400, "20000229T000000Z", "2000-02-29T00:00:00Z"),
      (1_795_464_697, "20261123T201137Z", "2026-11-23T20:11:37Z"),
      (-1, "19691231T235959Z", "1969-12-31T23:59:59Z"),
      (253_402_300_799, "99991231T235959Z", "9999-12-31T23:59:59Z"),
    ])
  func spellings(seconds: Int, compact: String, extended: String) {
    let time = CivilTime(unixSeconds: seconds)
    #expect(time.compact == compact && time.extended == extended && time.unixSeconds == seconds)
    #expect(CivilTime(compact: compact.utf8)?.unixSeconds == seconds)
    #expect(CivilTime.unixSeconds(of: extended) == seconds)
    #expect(CivilTime.unixSeconds(of: time.extended(microseconds: 7)) == seconds)
  }

  @Test(
    "is not read from the name of a moment that does not exist",
    arguments: [
      "", "20260230T000000Z", "20260101T240000Z", "20260101T006000Z", "20261301T000000Z", "20260001T000000Z",
      "20260101T000000", "20260101T000000z", "2026-01-01T00:00:00Z", "20260101T000000Z0", "2026010٣T000000Z",
    ])
  func noCompact(text: String) {
    #expect(CivilTime(compact: text.utf8) == nil)
  }

  @Test(
    "is not read from what is no time of RFC 3339 in UTC",
    arguments: [
      "", "tomorrow", "2026-11-23T20:11:37", "2026-11-23T20:11:37+01:00", "2026-11-23 20:11:37Z",
      "2026-13-23T20:11:37Z",
      "2026-11-00T20:11:37Z", "2026-11-23T20:11:37,5Z", "2026-11-23T20:11:37.5xZ", "2026-11-23T20:11:3Z",
    ])
  func noExtended(text: String) {
    #expect(CivilTime.unixSeconds(of: text) == nil)
  }

  @Test("has a form that sorts as text")
  func sortable() {
    #expect(CivilTime.sortable("2026-11-23T20:11:37Z") == "2026-11-23T20:11:37.000000000Z")
    #expect(CivilTime.sortable("2026-11-23T20:11:37.45Z") == "2026-11-23T20:11:37.450000000Z")
    #expect(CivilTime.sortable("2026-11-23T20:11:37.123456789Z") == "2026-11-23T20:11:37.123456789Z")
    for text in ["2026-11-23T20:11:37.1234567890Z", "2026-11-23T20:11:37.Z", "2026-11-23T20:11:37", "tomorrow"] {
      #expect(CivilTime.sortable(text) == nil, "\(text)")
    }
  }
}
