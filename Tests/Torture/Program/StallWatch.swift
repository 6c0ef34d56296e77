import Foundation
import Glibc
import Synchronization
import TortureModel

/// Notes when the machine has no time for a thread that only wants to wake up: then it has none for the tasks either.
final class StallWatch: Sendable {
  private static let longest = Duration.milliseconds(250)

  private let stalls = Mutex<[(begin: ContinuousClock.Instant, end: ContinuousClock.Instant)]>([])

  /// Watches as long as the process lives.
  func start() {
    Thread.detachNewThread { [self] in
      var last = ContinuousClock.now
      while true {
        _ = poll(nil, 0, 20)
        let now = ContinuousClock.now
        if now - last > Self.longest { stalls.withLock { $0.append((last, now)) } }
        last = now
      }
    }
  }

  /// Those of a round.
  func spans(on clock: RoundClock) -> [Span] {
    stalls.withLock { $0 }.map { Span(clock.seconds(at: $0.begin), clock.seconds(at: $0.end)) }.filter {
      $0.end ?? 0 > 0
    }
  }
}
