import Glibc

/// The time that goes into names and headers of dumps. A parameter, so that tests set it.
package struct WallClock: Sendable {
  package struct Moment: Sendable {
    /// Unix time.
    package let seconds: Int
    package let microseconds: Int

    package init(seconds: Int, microseconds: Int) {
      self.seconds = seconds
      self.microseconds = microseconds
    }
  }

  package let now: @Sendable () -> Moment

  package init(now: @escaping @Sendable () -> Moment) {
    self.now = now
  }

  package static let system = WallClock {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Moment(seconds: time.tv_sec, microseconds: time.tv_nsec / 1000)
  }
}
