import Persistence
import Testing

@Suite("Automatic dumps")
struct AutoSaveTests {
  private let minute = AutoSave.Settings(isEnabled: true, frequency: .seconds(60))

  @Test("are due at most once in a period, and only if something changed")
  func periods() {
    var timer = AutoSave(now: .zero)
    let asked = [(59, true), (60, true), (61, true), (120, false), (121, true), (180, true)]
    let due = asked.map { timer.isDue(now: .seconds($0.0), settings: minute, isChanged: $0.1) }
    #expect(due == [false, true, false, false, false, true])
  }

  @Test("keep the newest dump younger than the maximum age even if nothing changes")
  func maximumAge() {
    let settings = AutoSave.Settings(isEnabled: true, frequency: .seconds(60), maximumAge: .seconds(3600))
    let due = { (age: Int?, isChanged: Bool) in
      var timer = AutoSave(now: .zero)
      return timer.isDue(
        now: .seconds(60), settings: settings, isChanged: isChanged, dumpAge: age.map { .seconds($0) })
    }
    // At 3540 seconds the next check comes just in time.
    #expect([0, 3540, 3541, 9000].map { due($0, false) } == [false, false, true, true])
    #expect(due(nil, false), "what an earlier process wrote may be of any age")
    #expect(due(0, true))
    var timer = AutoSave(now: .zero)
    let isEarly = timer.isDue(now: .seconds(59), settings: settings, isChanged: false, dumpAge: nil)
    #expect(!isEarly, "once a period")
  }

  @Test("follow changed settings at once")
  func settings() {
    var timer = AutoSave(now: .zero)
    let settings = [
      AutoSave.Settings(isEnabled: false, frequency: .seconds(60)), .init(isEnabled: true, frequency: .seconds(1001)),
      minute,
    ]
    #expect(settings.map { timer.isDue(now: .seconds(1000), settings: $0, isChanged: true) } == [false, false, true])
  }
}
