/// The times of sharing, in seconds.
package struct ShareTiming: Sendable {
  /// For how long after an answer a standby uses new windows. Longer than the time in which it takes over after a
  /// crash.
  package var lasting = 20
  /// For how long after a renewal of the lease a holder with standbys uses new windows. Shorter than the time after
  /// which another task takes the lease.
  package var confidence = 10
  /// That which the clocks of two tasks may differ by, and more.
  package var margin = 2

  /// The times in production.
  package init() {}
}

/// Decides how much of a limit moves from one task to another.
enum ShareRule {
  /// One task's side of a window.
  struct Side {
    /// That which the task may count.
    let allowed: Int
    let used: Int
    /// Whether a call was refused.
    let isShort: Bool

    var left: Int { max(0, allowed - used) }
    var isActive: Bool { used > 0 || isShort }
  }

  /// The amount that is gone by what was used. It is rounded up, so that nothing is given that was used.
  ///
  /// - Parameter unit: the steps in which shares move.
  static func spent(_ used: Int, unit: Int) -> Int { (used + unit - 1) / unit }

  /// The amount that stays with a task for what it used. It is rounded down, so that the task gains nothing.
  static func kept(_ used: Int, unit: Int) -> Int { used / unit }

  /// That which the standby should be allowed.
  ///
  /// In a window that lasts, each side gets half of what is left, and an odd one goes to the side that needs it. In a
  /// window of a few seconds there is no time for that: all goes to the side that needs it, while the other has no
  /// calls. Among more than two tasks, such a window stays divided.
  ///
  /// - Parameters:
  ///   - half: what the standby has when nothing was moved.
  ///   - isPair: whether there are two tasks.
  static func allowed(holder: Side, standby: Side, limit: Int, window: Int, half: Int, isPair: Bool) -> Int {
    if window <= Adjustment.longestLasting {
      guard isPair else { return half }
      return switch (holder.isActive, standby.isActive) {
      case (false, true): standby.isShort ? limit : standby.allowed
      case (true, false): holder.isShort ? 0 : standby.allowed
      default: holder.isShort || standby.isShort ? half : standby.allowed
      }
    }
    let total = holder.left + standby.left
    let goesToStandby = !holder.isActive || standby.isShort && !holder.isShort
    let wanted = standby.used + (goesToStandby ? (total + 1) / 2 : total / 2)
    // Small differences are not worth a message, unless a call was refused for them.
    let difference = abs(wanted - standby.allowed)
    return difference > total / 16 || holder.isShort || standby.isShort ? wanted : standby.allowed
  }
}

extension SharedCounter {
  var unit: Int { Self.unit }

  /// Notes the limit of a counter that was not counted here in a window.
  func note(_ entry: ShareEntry) {
    let use = use()
    if use.window == 0 || use.number < entry.number, entry.limit > 0 || use.window == 0 {
      note(limit: max(entry.limit, use.window == entry.window ? use.limit : 0), window: entry.window)
    }
  }

  /// Replaces the amount that was given or got in a window.
  func adjust(_ amount: Int, number: UInt64, window: Int) {
    adjust(Adjustment(amount, number: number, window: window))
  }

  /// Lowers the amount, but not below what was counted already, and not so far that less than nothing would be left:
  /// the other task gets as much as this one gives.
  ///
  /// - Parameters:
  ///   - most: the amount that is in force before.
  ///   - value: what the account has of the limit.
  /// - Returns: the amount that is in force.
  func lower(to amount: Int, atMost most: Int, of value: Int, number: UInt64, window: Int) -> Int {
    adjust(amount, number: number, window: window)
    let use = use()
    let used = use.number == number || window <= Adjustment.longestLasting && use.number > number ? use.used : 0
    let missing = used - value - amount * unit
    guard missing > 0 else { return amount }
    let kept = min(most, amount + (missing + unit - 1) / unit)
    adjust(kept, number: number, window: window)
    return kept
  }
}

extension CounterSource {
  /// Ends the adjustments that last, because the shares that they belong to have ended.
  ///
  /// - Parameter kept: what stays of an amount.
  func endLastingAdjustments(now: Int, keeping kept: (_ amount: Int, _ key: CounterKey) -> Int = { _, _ in 0 }) {
    forEach { counter, key in
      let use = counter.use()
      let isLasting = use.window > 0 && use.window <= Adjustment.longestLasting
      if isLasting, use.adjustment.isOf(use.window), use.adjustment.amount != 0 {
        let amount = kept(use.adjustment.amount, key())
        counter.adjust(amount, number: Window.number(of: use.window, now), window: use.window)
      }
    }
  }

  /// Forgets what was given and got.
  func endAllAdjustments() {
    forEach { counter, _ in
      if counter.use().adjustment != .none { counter.adjust(.none) }
    }
  }

  /// That which another task needs to know to go on with this task's account: what was given, got and counted in
  /// windows that last.
  func balances(now: Int) -> [ShareEntry] {
    var entries: [ShareEntry] = []
    forEachBalance(now: now) { balance, _, _ in if balance.amount != 0 { entries.append(balance) } }
    return entries
  }

  /// Shows what is left of counters in windows that last: what was given and got, less what was used.
  func forEachBalance(now: Int, _ body: (_ balance: ShareEntry, _ used: Int, _ unit: Int) -> Void) {
    forEach { counter, key in
      let use = counter.use()
      guard use.window > Adjustment.longestLasting, let number = use.newestWindow(since: now - 2, now: now),
        let amount = use.adjustment.amount(in: number, window: use.window)
      else { return }
      let used = use.used(in: number)
      guard amount != 0 || used > 0 else { return }
      let rest = amount - ShareRule.spent(used, unit: counter.unit)
      let balance = ShareEntry(key: key(), window: use.window, number: number, limit: use.limit, amount: rest)
      body(balance, used, counter.unit)
    }
  }

  /// Adds another task's balances to this task's counters.
  func add(_ entries: [ShareEntry], now: Int) {
    for entry in entries where entry.number >= Window.number(of: entry.window, now) { add(entry) }
  }

  /// Adds an amount to what was given and got.
  func add(_ entry: ShareEntry) {
    let counter = counter(entry.key)
    counter.note(entry)
    let adjustment = counter.use().adjustment
    guard let amount = adjustment.amount(in: entry.number, window: entry.window) else { return }
    counter.adjust(amount + entry.amount, number: entry.number, window: entry.window)
  }
}
