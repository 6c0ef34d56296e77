import Glibc

/// The time that goes into names and headers of dumps. A parameter, so that tests set it.
package struct WallClock: Sendable {
  /// A moment of the wall clock.
  package struct Moment: Sendable {
    /// Unix time.
    package let seconds: Int
    /// Microseconds within the second.
    package let microseconds: Int

    /// A moment.
    package init(seconds: Int, microseconds: Int) {
      self.seconds = seconds
      self.microseconds = microseconds
    }
  }

  /// Returns the present moment.
  package let now: @Sendable () -> Moment

  /// A clock that asks a function.
  package init(now: @escaping @Sendable () -> Moment) {
    self.now = now
  }

  /// The clock of the system.
  package static let system = WallClock {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Moment(seconds: time.tv_sec, microseconds: time.tv_nsec / 1000)
  }
}
