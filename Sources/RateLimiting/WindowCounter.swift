import Synchronization

/// Counts the calls of one user in windows that are aligned to the epoch, exactly over all threads and without a lock.
///
/// Time is a parameter, in Unix seconds.
package final class WindowCounter: Sendable {
  /// The window's number in the upper half, its count in the lower half.
  private let state = Atomic<UInt64>(0)

  /// A counter without calls.
  package init() {}

  /// Counts a call, unless the window is full.
  ///
  /// - Parameters:
  ///   - limit: the number of calls that a window allows.
  ///   - window: the length of a window in seconds.
  ///   - now: Unix seconds.
  /// - Returns: the number of the call within its window, from 1, or `nil` when the window is full.
  package func count(upTo limit: Int, window: Int, now: Int) -> Int? {
    let own = Self.number(of: window, now)
    var seen = state.load(ordering: .relaxed)
    while true {
      let number = Window.isLate(own, after: seen >> 32, window: window, now: now) ? seen >> 32 : own
      let present = seen >> 32 == number ? Int(seen & 0xFFFF_FFFF) : 0
      guard present < min(limit, 0xFFFF_FFFF) else { return nil }
      let (exchanged, original) = state.weakCompareExchange(
        expected: seen, desired: number << 32 | UInt64(present + 1), ordering: .relaxed)
      if exchanged { return present + 1 }
      seen = original
    }
  }

  /// Forgets all calls.
  package func clear() { state.store(0, ordering: .relaxed) }

  /// The seconds until the present window ends; at least 1.
  package static func secondsToReset(window: Int, now: Int) -> Int {
    max(1, window - now % window)
  }

  private static func number(of window: Int, _ now: Int) -> UInt64 {
    UInt64(truncatingIfNeeded: max(0, now) / window) & 0xFFFF_FFFF
  }
}

/// Adds up the bytes of one user in windows that are aligned to the epoch, without a lock.
package final class WindowSum: Sendable {
  /// The window's number, and its sum.
  private let state = Atomic(WordPair(first: 0, second: 0))

  /// A sum of nothing.
  package init() {}

  /// The sum of the present window.
  ///
  /// - Parameters:
  ///   - window: the length of a window in seconds.
  ///   - now: Unix seconds.
  package func sum(window: Int, now: Int) -> Int {
    let (seen, number) = (state.load(ordering: .relaxed), UInt(max(0, now) / window))
    let isLate = Window.isLate(UInt64(number), after: UInt64(seen.first), window: window, now: now)
    return seen.first == number || isLate ? Int(seen.second) : 0
  }

  /// Adds to the sum of the present window.
  ///
  /// - Parameters:
  ///   - bytes: not negative.
  ///   - window: the length of a window in seconds.
  ///   - now: Unix seconds.
  package func add(_ bytes: Int, window: Int, now: Int) {
    let own = UInt(max(0, now) / window)
    var seen = state.load(ordering: .relaxed)
    while true {
      let isLate = Window.isLate(UInt64(own), after: UInt64(seen.first), window: window, now: now)
      let number = isLate ? seen.first : own
      let present = seen.first == number ? seen.second : 0
      let (exchanged, original) = state.weakCompareExchange(
        expected: seen, desired: WordPair(first: number, second: present &+ UInt(bytes)), ordering: .relaxed)
      if exchanged { return }
      seen = original
    }
  }
}

/// Windows of time, which are aligned to the epoch.
enum Window {
  /// Whether a thread read the clock at the end of a window, and another thread has begun the next window since. Its
  /// call counts there: to begin the older window again would forget the calls of the newer one.
  ///
  /// A clock that was set back by more than a second begins an older window.
  static func isLate(_ number: UInt64, after seen: UInt64, window: Int, now: Int) -> Bool {
    seen == number + 1 && now % window == window - 1
  }
}
