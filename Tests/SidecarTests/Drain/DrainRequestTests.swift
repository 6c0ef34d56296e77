import Testing

@testable import Sidecar

@Suite("Signals to stop the sidecar")
struct DrainRequestTests {
  private func actions(_ milliseconds: [Int]) -> [DrainRequests.Action] {
    var requests = DrainRequests()
    return milliseconds.map { requests.note(at: .milliseconds($0)) }
  }

  @Test("drain, count once when they come together, and end the drain when they come later")
  func together() {
    #expect(actions([0]) == [.drain])
    #expect(actions([0, 0, 50, 249]) == [.drain, .ignore, .ignore, .ignore])
    #expect(actions([0, 250]) == [.drain, .interrupt])
    #expect(actions([0, 50, 300]) == [.drain, .ignore, .interrupt])
    #expect(actions([7000, 60_000]) == [.drain, .interrupt])
  }
}
