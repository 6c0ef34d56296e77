import Testing

@testable import Sidecar

@Suite("EndpointSchedule")
struct EndpointScheduleTests {
  private let failure = EndpointResult.failure(EndpointRefusal(description: "x", isFinal: false))
  private let refusal = EndpointResult.failure(EndpointRefusal(description: "x", isFinal: true))

  /// The first full second at which the endpoint is asked again.
  private func wait(_ schedule: EndpointSchedule, from now: Int) -> Int? {
    (0...120).first { schedule.isDue(at: .seconds(now + $0)) }
  }

  @Test("asks after its period, later and later while the endpoint fails, and rarely where it refuses")
  func waits() {
    var schedule = EndpointSchedule()
    #expect(wait(schedule, from: 0) == 0)
    schedule.note(.success(false), period: .seconds(1), at: .zero)
    #expect(wait(schedule, from: 0) == 1)
    for (failures, seconds) in [(1, 2), (2, 4), (3, 8), (4, 16), (5, 32), (6, 60), (7, 60)] {
      schedule.note(failure, period: .seconds(1), at: .seconds(100))
      #expect(schedule.failures == failures)
      #expect(wait(schedule, from: 100) == seconds)
    }
    schedule.note(.success(false), period: .seconds(1), at: .seconds(200))
    #expect(schedule.failures == 0)
    schedule.note(refusal, period: .seconds(1), at: .seconds(200))
    #expect(wait(schedule, from: 200) == 60)
  }

  @Test("sets the protection when another one is wished, and renews it at half of its time")
  func protection() {
    var schedule = ProtectionSchedule()
    #expect(!schedule.isDue(isWished: false, at: .zero))
    #expect(schedule.isDue(isWished: true, at: .zero))
    schedule.note(failure, isWished: true, at: .zero)
    #expect(!schedule.isDue(isWished: true, at: .seconds(1)))
    #expect(schedule.isDue(isWished: true, at: .seconds(2)))
    schedule.note(.success(true), isWished: true, at: .seconds(2))
    #expect(!schedule.isDue(isWished: true, at: .seconds(302)))
    #expect(schedule.isDue(isWished: true, at: .seconds(303)))
    #expect(schedule.isDue(isWished: false, at: .seconds(3)))
    schedule.note(.success(true), isWished: false, at: .seconds(3))
    #expect(!schedule.isDue(isWished: false, at: .seconds(9999)))
  }
}
