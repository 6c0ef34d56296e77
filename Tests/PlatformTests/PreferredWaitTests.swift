import Testing

@testable import Platform

@Suite("The time that a client wants to wait")
struct PreferredWaitTests {
  @Test("is what it says first, within bounds, and the usual one where it says nothing that can be read")
  func seconds() {
    for (lines, seconds) in [
      ([], 50), (["wait=10"], 10), (["respond-async, Wait = 7 "], 7), (["return=minimal", "wait=8", "wait=9"], 8),
      (["wait=0"], 1), (["wait=99999"], 3600), (["wait=99999999999999999999"], 50), (["wait=-1"], 50),
      (["wait"], 50), (["wait=1x"], 50), (["wait="], 50), (["await=3"], 50),
    ] {
      #expect(PreferredWait.seconds(lines) == seconds, "\(lines)")
    }
  }
}
