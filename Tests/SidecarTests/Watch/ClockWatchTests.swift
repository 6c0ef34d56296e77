import Retention
import Testing

@testable import Sidecar

@Suite("ClockWatch")
struct ClockWatchTests {
  @Test("distrusts a clock that jumps for a while, and trusts one that is corrected")
  func clockJumps() {
    var watch = ClockWatch()
    #expect(watch.read(wall: 1000, steady: .seconds(0)) == .trusted(now: 1000))
    #expect(watch.read(wall: 1025, steady: .seconds(10)) == .trusted(now: 1025))
    guard case .untrusted(let reason) = watch.read(wall: 5000, steady: .seconds(20)) else {
      Issue.record("it is trusted")
      return
    }
    #expect(reason.contains("forward by 3965 s"))
    guard case .untrusted = watch.read(wall: 8000, steady: .seconds(3020)) else {
      Issue.record("it is trusted too soon")
      return
    }
    #expect(watch.read(wall: 8601, steady: .seconds(3621)) == .trusted(now: 8601))
    guard case .untrusted(let back) = watch.read(wall: 10, steady: .seconds(3622)) else {
      Issue.record("it is trusted")
      return
    }
    #expect(back.contains("back by"))
  }
}
