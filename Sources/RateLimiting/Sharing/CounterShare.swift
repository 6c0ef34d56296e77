import Synchronization

/// A counter of which several tasks have shares.
package protocol SharedCounter: AnyObject, Sendable {
  /// The steps in which shares move.
  static var unit: Int { get }
  /// The count, and the share.
  func use() -> CounterUse
  /// Replaces the adjustment of the share.
  func adjust(_ adjustment: Adjustment)
  /// Notes the limit that another task says the counter has.
  func note(limit: Int, window: Int)
  /// Goes on from what a task before counted in a window, unless more was counted here, or in a later window.
  func restore(_ used: Int, number: UInt64, window: Int)
}

/// The count in the newest window of a counter, and what is known of its share.
package struct CounterUse: Sendable {
  /// The newest window, by its number.
  package let number: UInt64
  /// The count in it.
  package let used: Int
  /// The length of windows in seconds; 0 when nothing was counted yet.
  package let window: Int
  /// The number that a window allows, as the last call said.
  package let limit: Int
  /// The newest window in which a call was refused.
  package let refusedIn: UInt64
  /// The amount that was given or got.
  package let adjustment: Adjustment

  /// The newest window that has not ended and in which something was counted, given or got.
  ///
  /// - Parameter moment: a window that ended before has ended.
  func newestWindow(since moment: Int, now: Int) -> UInt64? {
    guard window > 0 else { return nil }
    guard window > Adjustment.longestLasting else {
      return adjustment.isOf(window) && adjustment.amount != 0 ? Window.number(of: window, now) : nil
    }
    let newest = max(used > 0 ? number : 0, adjustment.isOf(window) ? adjustment.number : 0)
    return newest >= Window.number(of: window, moment) && newest > 0 ? newest : nil
  }

  /// The count in a window.
  package func used(in number: UInt64) -> Int { number == self.number ? used : 0 }
}

/// The part of a counter that belongs to sharing.
struct CounterShare: ~Copyable, Sendable {
  private let adjustment = Atomic<UInt64>(0)
  private let length = Atomic(0)
  private let limit = Atomic(0)
  private let refusedIn = Atomic<UInt64>(0)

  /// The length of the newest window in seconds.
  var window: Int { length.load(ordering: .relaxed) }

  func note(limit: Int, window: Int) {
    Window.note(window, in: length)
    Window.note(limit, in: self.limit)
  }

  func note(window: Int) { Window.note(window, in: length) }

  func noteRefusal(_ number: UInt64) {
    if refusedIn.load(ordering: .relaxed) != number { refusedIn.store(number, ordering: .relaxed) }
  }

  /// That which this task may count in a window.
  func allowance(of limit: Int, number: UInt64, window: Int, unit: Int, _ shares: Shares) -> Int {
    let adjustment = Adjustment(word: adjustment.load(ordering: .sequentiallyConsistent))
    if adjustment.word == 0, shares.isWhole { return limit }
    guard let amount = adjustment.amount(in: number, window: window) else { return 0 }
    return shares.allowance(of: limit, windowStart: Int(number) * window, adjustedBy: amount * unit)
  }

  func adjust(_ adjustment: Adjustment) {
    self.adjustment.store(adjustment.word, ordering: .sequentiallyConsistent)
  }

  /// Whether forgetting the counter would change a share.
  func isAdjusted(now: Int) -> Bool {
    let adjustment = Adjustment(word: adjustment.load(ordering: .relaxed))
    guard adjustment.word != 0, adjustment.amount != 0 else { return false }
    let window = window
    guard adjustment.isOf(window) else { return false }
    return window <= Adjustment.longestLasting || adjustment.number >= Window.number(of: window, max(0, now - 2))
  }

  func use(number: UInt64, used: Int) -> CounterUse {
    CounterUse(
      number: number, used: used, window: window, limit: limit.load(ordering: .relaxed),
      refusedIn: refusedIn.load(ordering: .relaxed),
      adjustment: Adjustment(word: adjustment.load(ordering: .sequentiallyConsistent)))
  }
}
