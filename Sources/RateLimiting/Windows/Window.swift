import Synchronization

/// Windows of time, which are aligned to the epoch.
enum Window {
  /// The number of the window of a moment.
  static func number(of window: Int, _ now: Int) -> UInt64 {
    UInt64(truncatingIfNeeded: max(0, now) / window) & 0xFFFF_FFFF
  }

  /// Whether a thread read the clock at the end of a window, and another thread has begun the next window since. Its
  /// call counts there: to begin the older window again would forget the calls of the newer one.
  ///
  /// A clock that was set back by more than a second begins an older window.
  static func isLate(_ number: UInt64, after seen: UInt64, window: Int, now: Int) -> Bool {
    seen == number + 1 && now % window == window - 1
  }

  /// Whether a window counts neither now nor in a second: the thread that asks may be late, too.
  static func isOver(_ number: UInt64, at present: UInt64) -> Bool { number != present && number != present + 1 }

  /// Keeps a number that hardly ever changes: so a call only reads it.
  static func note(_ value: Int, in place: borrowing Atomic<Int>) {
    if place.load(ordering: .relaxed) != value { place.store(value, ordering: .relaxed) }
  }
}
