/// Counts events by key in windows of fixed length, each of which starts with its first event.
///
/// A value; whoever shares it guards it. Time is a parameter, in seconds of any steady clock.
package struct FixedWindowLimiter<Key: Hashable & Sendable>: Sendable {
  /// What a counted event finds.
  package struct Decision: Sendable, Equatable {
    package let isAllowed: Bool
    package let limit: Int
    /// Events left in this window after this one.
    package let remaining: Int
    /// Seconds until the window ends, rounded up; at least 1.
    package let secondsToReset: Int
  }

  private struct Window: Sendable {
    var end: Double
    var count: Int
  }

  package let limit: Int
  /// Seconds.
  package let window: Int
  /// Keys are forgotten when their window is over; more than this many at once are not told apart any more.
  private let maximumKeys: Int
  private var windows: [Key: Window] = [:]
  private var overflow = Window(end: 0, count: 0)
  /// Looking for windows that are over takes long, so it is not done before this.
  private var nextSweep = 0.0

  package init(limit: Int, window: Int, maximumKeys: Int = 100_000) {
    self.limit = limit
    self.window = window
    self.maximumKeys = maximumKeys
  }

  /// Counts an event unless its window is full.
  package mutating func count(_ key: Key, now: Double) -> Decision {
    if windows[key] == nil, windows.count >= maximumKeys, now >= nextSweep {
      windows = windows.filter { $0.value.end > now }
      nextSweep = now + 1
    }
    if windows[key] == nil, windows.count >= maximumKeys {
      // An attacker with that many addresses shares one window with itself, and memory stays bounded. No window that is
      // full is given up for a new one.
      return count(&overflow, now: now)
    }
    var present = windows[key] ?? Window(end: 0, count: 0)
    let decision = count(&present, now: now)
    windows[key] = present
    return decision
  }

  private func count(_ present: inout Window, now: Double) -> Decision {
    if present.end <= now { present = Window(end: now + Double(window), count: 0) }
    let isAllowed = present.count < limit
    if isAllowed { present.count += 1 }
    return Decision(
      isAllowed: isAllowed, limit: limit, remaining: limit - present.count,
      secondsToReset: max(1, Int((present.end - now).rounded(.up))))
  }
}
