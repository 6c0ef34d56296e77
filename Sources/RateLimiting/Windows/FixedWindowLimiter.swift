/// Counts events by key in windows of fixed length. A key's window starts with its first event.
///
/// This is a value; its owner guards it against concurrent use. Time is a parameter, in seconds of any steady clock.
package struct FixedWindowLimiter<Key: Hashable & Sendable>: Sendable {
  /// The result of counting an event.
  package struct Decision: Sendable, Equatable {
    /// Whether the event is within the limit.
    package let isAllowed: Bool
    /// The number of events that a window allows.
    package let limit: Int
    /// The number of events that this window allows after this one.
    package let remaining: Int
    /// The seconds until the window ends, rounded up; at least 1.
    package let secondsToReset: Int
  }

  private struct Window: Sendable {
    var end: Double
    var count: Int
  }

  /// The number of events that a window allows for each key.
  package let limit: Int
  /// The length of a window in seconds.
  package let window: Int
  /// The largest number of keys with their own windows. A key is removed when its window has ended.
  private let maximumKeys: Int
  private var windows: [Key: Window] = [:]
  private var overflow = Window(end: 0, count: 0)
  /// The earliest time of the next search for ended windows. The search is slow, so it must not run for every event.
  private var nextSweep = 0.0

  /// Creates a limiter without any events.
  ///
  /// - Parameters:
  ///   - limit: the number of events that a window allows for each key.
  ///   - window: the length of a window in seconds.
  ///   - maximumKeys: the largest number of keys with their own windows. Further keys share one window.
  package init(limit: Int, window: Int, maximumKeys: Int = 100_000) {
    self.limit = limit
    self.window = window
    self.maximumKeys = maximumKeys
  }

  /// Counts an event, unless the key's window is full.
  ///
  /// - Parameters:
  ///   - now: the time in seconds of a steady clock.
  ///   - part: what this task may allow of the limit; `nil` for all of it.
  package mutating func count(_ key: Key, now: Double, part: Int? = nil) -> Decision {
    if windows[key] == nil, windows.count >= maximumKeys, now >= nextSweep {
      windows = windows.filter { $0.value.end > now }
      nextSweep = now + 1
    }
    if windows[key] == nil, windows.count >= maximumKeys {
      // All further keys share one window, so an attacker with very many addresses limits only such keys, and memory
      // stays bounded. A full window is never dropped for a new one.
      return count(&overflow, now: now, part: part ?? limit)
    }
    var present = windows[key] ?? Window(end: 0, count: 0)
    let decision = count(&present, now: now, part: part ?? limit)
    windows[key] = present
    return decision
  }

  private func count(_ present: inout Window, now: Double, part: Int) -> Decision {
    if present.end <= now { present = Window(end: now + Double(window), count: 0) }
    let isAllowed = present.count < part
    if isAllowed { present.count += 1 }
    return Decision(
      isAllowed: isAllowed, limit: limit, remaining: max(0, part - present.count),
      secondsToReset: max(1, Int((present.end - now).rounded(.up))))
  }
}
