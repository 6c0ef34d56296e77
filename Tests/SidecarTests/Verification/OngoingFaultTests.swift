import Testing

@testable import Sidecar

@Suite("OngoingFault")
struct OngoingFaultTests {
  @Test("is reported once when it begins, and once when it is over")
  func changes() {
    let fault = OngoingFault()
    #expect(fault.takeChange() == nil)
    fault.note("full")
    #expect(fault.takeChange() == .began("full"))
    fault.note("still full")
    #expect(fault.takeChange() == nil)
    fault.note(nil)
    #expect(fault.takeChange() == .ended)
    #expect(fault.takeChange() == nil)
  }
}
