import Glibc
import RateLimiting

/// The clocks of calls, which are cheap and a few milliseconds behind, in nanoseconds.
enum LimitClock {
  /// Since the epoch.
  static func system() -> Int { read(CLOCK_REALTIME_COARSE) }

  /// A clock that only goes forward.
  static func steady() -> Int { read(CLOCK_MONOTONIC_COARSE) }

  private static func read(_ clock: clockid_t) -> Int {
    var time = timespec()
    clock_gettime(clock, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
  }
}

extension ShareClock {
  /// The time that decides about windows, in seconds.
  ///
  /// - Parameter now: Unix seconds of the system's clock.
  func seconds(_ now: Int) -> Int { seconds(now, steady: LimitClock.steady) }
}
