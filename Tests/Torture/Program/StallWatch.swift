import Foundation
import Glibc
import Synchronization
import TortureModel

/// Records when the machine does not run a thread that only wakes up. At these times it does not run the tasks either.
final class StallWatch: Sendable {
  private static let longest = Duration.milliseconds(250)

  private let stalls = Mutex<[(begin: ContinuousClock.Instant, end: ContinuousClock.Instant)]>([])

  /// Watches as long as the process runs.
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

  /// The stalls during a round.
  func spans(on clock: RoundClock) -> [Span] {
    stalls.withLock { $0 }.map { Span(clock.seconds(at: $0.begin), clock.seconds(at: $0.end)) }.filter {
      $0.end ?? 0 > 0
    }
  }
}
