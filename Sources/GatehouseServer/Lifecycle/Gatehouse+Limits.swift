import Clocks
import DumpDirectory
import Gateway
import Logging
import Peers
import Persistence

/// The part of this task in sharing the limits of users with other tasks.
extension Gatehouse {
  /// The time for which a task that starts is not ready while it has no share of the limits. It may not get one, if the
  /// task that holds the lease can't be reached.
  static let patienceForLimits = Duration.seconds(10)
  /// The time that a hand-over of limits may add to a stop.
  private static let handOver = Duration.seconds(5)
  /// The time for which a stop waits for the next message of a hand-over. The other task may ask once a second only.
  private static let handOverPatience = Duration.seconds(3)

  /// Tells the data plane each second whose limits it counts against.
  func shareLimits() async -> Event {
    repeat { noteLimits() } while (try? await Task.sleep(for: .seconds(1))) != nil
    return .ended
  }

  /// Saves what users have used of their limits.
  func saveLimits() async -> Event {
    await limitKeeper.run()
    return .ended
  }

  /// Tells the data plane whose limits it counts against.
  func noteLimits() {
    if let age = lease.confirmedAge {
      gateway.limits.hold(confirmedFor: age)
    } else if peers != nil, lease.role.holderEpoch != nil {
      gateway.limits.follow()
    }
  }

  /// Begins to count against the limits that are this task's now.
  func takeLimits() async {
    if lease.epoch != nil { await limitKeeper.take() }
    noteLimits()
  }

  /// Has no limits of its own any more, because another task took the lease.
  func loseLimits() async {
    await limitKeeper.lose()
    if peers != nil { gateway.limits.follow() }
  }

  /// Gives up the limits, so that the other task has all of them, and waits for a moment until it has.
  func handOverLimits() async {
    gateway.limits.giveUp()
    peers?.greetNow()
    let deadline = Deadline(in: Self.handOver)
    var (left, patience) = (Int.max, deadline)
    while gateway.limits.messagesLeft > 0, !patience.isOver, !deadline.isOver {
      if gateway.limits.messagesLeft < left {
        (left, patience) = (gateway.limits.messagesLeft, Deadline(in: Self.handOverPatience))
      }
      try? await Task.sleep(for: .milliseconds(5))
    }
    guard gateway.limits.messagesLeft > 0 else { return }
    logger.notice(
      "the limits of users were not handed over in time: the other task has only its own share until they begin anew")
  }
}

/// The exchange about limits, in the messages that tasks send each other.
struct LimitExchange: PeerExchange {
  let limits: SharedLimits

  func report() -> [UInt8] { limits.report() }

  func answer(_ report: [UInt8], from sender: String) -> [UInt8] { limits.answer(report) }

  func take(_ answer: [UInt8]) { limits.take(answer) }

  var messagesLeft: Int { limits.messagesLeft }
}
