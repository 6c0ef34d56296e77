import Synchronization

/// Counts the calls of one user in windows that are aligned to the epoch, exactly over all threads and without a lock.
///
/// Time is a parameter, in Unix seconds.
package final class WindowCounter: SharedCounter {
  /// One call.
  package static let unit = 1

  /// The window's number in the upper half, its count in the lower half.
  private let state = Atomic<UInt64>(0)
  private let share = CounterShare()

  /// A counter without calls.
  package init() {}

  /// Counts a call, unless this task's share of the window is full.
  ///
  /// The call counts before the share is looked at once more: whoever lowers the share does that first, and then reads
  /// the count. So either sees what the other did.
  ///
  /// - Parameters:
  ///   - limit: the number of calls that a window allows.
  ///   - window: the length of a window in seconds.
  ///   - now: Unix seconds.
  ///   - sharing: what this task may use.
  /// - Returns: the place of the call within its window, from 1, or `nil` when the share is full. The calls of a share
  ///   have places that are spread over those of the whole limit.
  package func count(upTo limit: Int, window: Int, now: Int, sharing: Sharing = .alone) -> Int? {
    let own = Window.number(of: window, now)
    share.note(limit: limit, window: window)
    var seen = state.load(ordering: .relaxed)
    while true {
      let number = Window.isLate(own, after: seen >> 32, window: window, now: now) ? seen >> 32 : own
      let present = seen >> 32 == number ? Int(seen & 0xFFFF_FFFF) : 0
      let allowed = share.allowance(of: limit, number: number, window: window, unit: Self.unit, sharing.shares)
      guard present < min(allowed, 0xFFFF_FFFF) else {
        share.noteRefusal(number)
        return nil
      }
      let (exchanged, original) = state.weakCompareExchange(
        expected: seen, desired: number << 32 | UInt64(present + 1), ordering: .sequentiallyConsistent)
      if exchanged {
        let last = share.allowance(of: limit, number: number, window: window, unit: Self.unit, sharing.newest)
        guard present < last else {
          share.noteRefusal(number)
          return nil
        }
        return last == limit ? present + 1 : Self.place(of: present + 1, of: last, in: limit)
      }
      seen = original
    }
  }

  /// The place among all calls of the limit that belongs to the last call of a share.
  private static func place(of number: Int, of allowed: Int, in limit: Int) -> Int {
    let product = UInt(number).multipliedFullWidth(by: UInt(limit))
    let (quotient, remainder) = UInt(allowed).dividingFullWidth(product)
    return Int(quotient) + (remainder > 0 ? 1 : 0)
  }

  /// Whether no call counts any more: there was none, or its window has ended.
  ///
  /// - Parameter now: Unix seconds.
  package func isOver(now: Int) -> Bool {
    let (seen, window) = (state.load(ordering: .relaxed), share.window)
    if share.isAdjusted(now: now) { return false }
    guard seen & 0xFFFF_FFFF > 0, window > 0 else { return true }
    return Window.isOver(seen >> 32, at: Window.number(of: window, now))
  }

  /// Forgets all calls.
  package func clear() { state.store(0, ordering: .relaxed) }

  /// The seconds until the present window ends; at least 1.
  package static func secondsToReset(window: Int, now: Int) -> Int {
    max(1, window - now % window)
  }

  /// The count, and the share.
  package func use() -> CounterUse {
    let seen = state.load(ordering: .sequentiallyConsistent)
    return share.use(number: seen >> 32, used: Int(seen & 0xFFFF_FFFF))
  }

  /// Replaces the adjustment of the share.
  package func adjust(_ adjustment: Adjustment) { share.adjust(adjustment) }

  /// Notes the limit that another task says the counter has.
  package func note(limit: Int, window: Int) { share.note(limit: limit, window: window) }

  /// Goes on from what a task before counted in a window, unless more was counted here, or in a later window.
  package func restore(_ used: Int, number: UInt64, window: Int) {
    let saved = number << 32 | UInt64(min(max(0, used), 0xFFFF_FFFF))
    var seen = state.load(ordering: .relaxed)
    while seen < saved {
      let (exchanged, original) = state.weakCompareExchange(
        expected: seen, desired: saved, ordering: .sequentiallyConsistent)
      if exchanged { return share.note(window: window) }
      seen = original
    }
  }
}
