import Clocks
import TestSupport
import Testing

@testable import Sidecar

@Suite("CivilTime")
struct CivilTimeTests {
  @Test("is read to the second, and nothing else is a time")
  func times() {
    #expect(CivilTime.unixSeconds(of: "1970-01-01T00:00:00Z") == 0)
    #expect(CivilTime.unixSeconds(of: "2026-11-23T20:11:37.454068Z") == 1_795_464_697)
    #expect(CivilTime.unixSeconds(of: "2000-02-29T23:59:59Z") == 951_868_799)
    for text in [
      "", "2026-11-23T20:11:37", "2026-11-23 20:11:37Z", "2026-13-01T00:00:00Z", "2026-11-23T20:11:37.xZ", "tomorrow",
    ] {
      #expect(CivilTime.unixSeconds(of: text) == nil)
    }
    var generator = SeededGenerator(seed: 2)
    for _ in 0..<1000 {
      let seconds = Int.random(in: 0..<253_402_300_800, using: &generator)
      #expect(CivilTime.unixSeconds(of: CivilTime(unixSeconds: seconds).extended(microseconds: 7)) == seconds)
    }
  }
}
