import Clocks
import Testing

@Suite("SteadyClock")
struct SteadyClockTests {
  @Test("shows the same time in both forms")
  func microseconds() {
    let before = SteadyClock.now()
    let microseconds = SteadyClock.microseconds()
    let after = SteadyClock.now()
    let time = Duration.microseconds(Int64(microseconds))
    // The form without fractions is rounded down.
    #expect(before - .microseconds(1) < time && time <= after)
  }
}
