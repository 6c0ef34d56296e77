import Testing

@testable import GatehouseServer

@Suite("Signals to stop the gateway")
struct StopRequestTests {
  private func actions(_ milliseconds: [Int]) -> [StopRequests.Action] {
    var requests = StopRequests()
    return milliseconds.map { requests.note(at: .milliseconds($0)) }
  }

  @Test("stop it, then shorten the wait for calls, and never skip the dump within a second of the second")
  func burst() {
    #expect(actions([0]) == [.stop])
    #expect(actions([0, 50]) == [.stop, .hurry])
    #expect(actions([0, 10, 20, 30, 40]) == [.stop, .hurry, .ignore, .ignore, .ignore])
    #expect(actions([0, 60_000, 60_001, 60_999]) == [.stop, .hurry, .ignore, .ignore])
  }

  @Test("end it at once at least a second after the second")
  func third() {
    #expect(actions([0, 50, 1049]) == [.stop, .hurry, .ignore])
    #expect(actions([0, 50, 1050]) == [.stop, .hurry, .end])
    #expect(actions([0, 5000, 5500, 6000]) == [.stop, .hurry, .ignore, .end])
  }
}
