import Synchronization

/// Adds up the bytes of one user in windows that are aligned to the epoch, without a lock.
package final class WindowSum: SharedCounter {
  /// Shares of bytes move in steps of 1 KiB.
  package static let unit = 1024

  /// The window's number, and its sum.
  private let state = Atomic(WordPair(first: 0, second: 0))
  private let share = CounterShare()

  /// A sum of nothing.
  package init() {}

  /// The sum of the present window.
  ///
  /// - Parameters:
  ///   - window: the length of a window in seconds.
  ///   - now: Unix seconds.
  package func sum(window: Int, now: Int) -> Int {
    let (seen, number) = (state.load(ordering: .relaxed), Window.number(of: window, now))
    let isLate = Window.isLate(number, after: UInt64(seen.first), window: window, now: now)
    return UInt64(seen.first) == number || isLate ? Int(seen.second) : 0
  }

  /// The bytes that are left of this task's share of the present window.
  ///
  /// - Parameters:
  ///   - limit: the bytes that a window allows.
  ///   - window: the length of a window in seconds.
  ///   - now: Unix seconds.
  ///   - sharing: what this task may use.
  /// - Returns: 0 when nothing is left.
  package func left(of limit: Int, window: Int, now: Int, sharing: Sharing = .alone) -> Int {
    share.note(limit: limit, window: window)
    let number = Window.number(of: window, now)
    let allowed = share.allowance(of: limit, number: number, window: window, unit: Self.unit, sharing.shares)
    return max(0, allowed - sum(window: window, now: now))
  }

  /// The bytes that were used in the present window, with those of a task whose account this one took over.
  package func used(of limit: Int, window: Int, now: Int, _ shares: Shares) -> Int {
    let sum = sum(window: window, now: now)
    guard shares.account == .whole else { return sum }
    let number = Window.number(of: window, now)
    return sum + limit - share.allowance(of: limit, number: number, window: window, unit: Self.unit, shares)
  }

  /// Notes that a call was refused.
  package func noteRefusal(window: Int, now: Int) { share.noteRefusal(Window.number(of: window, now)) }

  /// Adds to the sum of the present window.
  ///
  /// - Parameters:
  ///   - bytes: not negative.
  ///   - window: the length of a window in seconds.
  ///   - now: Unix seconds.
  package func add(_ bytes: Int, window: Int, now: Int) {
    let own = UInt(Window.number(of: window, now))
    share.note(window: window)
    var seen = state.load(ordering: .relaxed)
    while true {
      let isLate = Window.isLate(UInt64(own), after: UInt64(seen.first), window: window, now: now)
      let number = isLate ? seen.first : own
      let present = seen.first == number ? seen.second : 0
      let (exchanged, original) = state.weakCompareExchange(
        expected: seen, desired: WordPair(first: number, second: present &+ UInt(bytes)),
        ordering: .sequentiallyConsistent)
      if exchanged { return }
      seen = original
    }
  }

  /// Whether no byte counts any more: there was none, or its window has ended.
  ///
  /// - Parameter now: Unix seconds.
  package func isOver(now: Int) -> Bool {
    let (seen, window) = (state.load(ordering: .relaxed), share.window)
    if share.isAdjusted(now: now) { return false }
    guard seen.second > 0, window > 0 else { return true }
    return Window.isOver(UInt64(seen.first), at: Window.number(of: window, now))
  }

  /// The count, and the share.
  package func use() -> CounterUse {
    let seen = state.load(ordering: .sequentiallyConsistent)
    return share.use(number: UInt64(seen.first), used: Int(clamping: seen.second))
  }

  /// Replaces the adjustment of the share.
  package func adjust(_ adjustment: Adjustment) { share.adjust(adjustment) }

  /// Notes the limit that another task says the counter has.
  package func note(limit: Int, window: Int) { share.note(limit: limit, window: window) }

  /// Goes on from what a task before counted in a window, unless more was counted here, or in a later window.
  package func restore(_ used: Int, number: UInt64, window: Int) {
    let saved = WordPair(first: UInt(number), second: UInt(max(0, used)))
    var seen = state.load(ordering: .relaxed)
    while (seen.first, seen.second) < (saved.first, saved.second) {
      let (exchanged, original) = state.weakCompareExchange(
        expected: seen, desired: saved, ordering: .sequentiallyConsistent)
      if exchanged { return share.note(window: window) }
      seen = original
    }
  }
}
