package import Glibc

/// A clock that only goes forward, for waiting and measuring; what it shows means nothing outside this process.
package enum SteadyClock {
  /// The time that the clock shows.
  package static func now() -> Duration {
    var time = timespec()
    // It also counts the time for which the machine slept: others may have taken the lease meanwhile.
    clock_gettime(CLOCK_BOOTTIME, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }

  /// The same time in microseconds. A `Duration` is made by arithmetic of 128 bits, which is felt in each request.
  package static func microseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_BOOTTIME, &time)
    return UInt64(bitPattern: Int64(time.tv_sec)) &* 1_000_000 &+ UInt64(bitPattern: Int64(time.tv_nsec)) / 1000
  }
}

/// A moment by which something must have ended. What has several steps gives each of them what is left.
package struct Deadline: Sendable, Comparable {
  private let moment: Duration

  private init(moment: Duration) {
    self.moment = moment
  }

  /// From now on.
  package init(in duration: Duration) {
    moment = SteadyClock.now() + duration
  }

  /// Never negative.
  package var left: Duration { max(.zero, moment - SteadyClock.now()) }

  /// Whether the moment has passed.
  package var isOver: Bool { left == .zero }

  /// A moment that does not come while this process lives.
  package static let never = Deadline(in: .seconds(Int64(Int32.max)))

  /// For calls that wait until a moment of `CLOCK_MONOTONIC`.
  package var monotonic: timespec {
    // It stands still while the machine sleeps, so it shows another time than `SteadyClock`.
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    let (seconds, attoseconds) = (left + .seconds(now.tv_sec) + .nanoseconds(now.tv_nsec)).components
    return timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
  }

  /// For `poll` and its like: milliseconds, rounded up so that nobody spins through the last one.
  package var pollTimeout: Int32 {
    let milliseconds = (left + .microseconds(999)).milliseconds
    return Int32(clamping: milliseconds)
  }

  /// The same deadline, or an earlier one that keeps some of the time for what comes after.
  package func keeping(_ reserve: Duration) -> Deadline { Deadline(moment: moment - reserve) }

  /// The same deadline, or an earlier one after some time from now.
  package func within(_ duration: Duration) -> Deadline { min(self, Deadline(in: duration)) }

  package static func < (left: Deadline, right: Deadline) -> Bool { left.moment < right.moment }
}

extension Duration {
  /// Rounded down.
  package var milliseconds: Int {
    let (seconds, attoseconds) = components
    return Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
  }
}
