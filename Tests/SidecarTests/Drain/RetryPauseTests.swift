import TestSupport
import Testing

@testable import Sidecar

@Suite("RetryPause")
struct RetryPauseTests {
  @Test("grows up to its bound, and varies by chance")
  func pauses() {
    var generator = SeededGenerator(seed: 1)
    var pause = RetryPause(first: .milliseconds(100), longest: .seconds(3))
    let pauses = (0..<50).map { _ in pause.next(using: &generator) }
    for (number, pause) in pauses.enumerated() {
      let bound = min(Duration.seconds(3), .milliseconds(100) * (1 << min(number, 10)))
      #expect(pause >= bound * 0.1 && pause <= bound)
    }
    #expect(Set(pauses).count == 50)
  }
}
