import Platform
import Testing

@testable import GatehouseServer

@Suite("The availability of the gateway")
struct ServiceStateTests {
  @Test("is new for a while after the state was loaded, however long loading took")
  func new() {
    let state = ServiceState()
    #expect(state.isNew(for: .seconds(10), at: .seconds(1000)))
    state.becomeReady(at: .seconds(2000))
    #expect(state.availability == .ready)
    #expect(state.isNew(for: .seconds(10), at: .seconds(2000)))
    #expect(state.isNew(for: .seconds(10), at: .seconds(2009)))
    #expect(!state.isNew(for: .seconds(10), at: .seconds(2010)))
  }

  @Test("that is told to stop while it loads does not become ready")
  func leaving() {
    let state = ServiceState()
    #expect(state.startLeaving() == .starting)
    state.becomeReady()
    #expect(state.availability == .draining)
  }
}
