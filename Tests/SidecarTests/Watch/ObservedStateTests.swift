import Testing

@testable import Sidecar

@Suite("A state of the gateway")
struct ObservedStateTests {
  @Test("is a new one when its words change, and not while only a number in it does")
  func words() {
    var state = ObservedState()
    let states = [
      "the gateway stands by: no renewal for 11 seconds", "the gateway stands by: no renewal for 6 seconds",
      "the gateway is ready", "the gateway stands by: no renewal for 11 seconds",
      "the gateway stands by: no renewal for 100 seconds",
    ]
    #expect(states.map { state.replace(with: $0) } == [true, false, true, true, false])
  }
}
