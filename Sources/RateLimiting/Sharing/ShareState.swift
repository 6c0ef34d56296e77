/// The part of a task in sharing limits.
package enum ShareRole: Sendable, Equatable {
  /// It knows of no other task.
  case alone
  /// It holds the lease, and gives shares to others.
  case holder
  /// Another task holds the lease.
  case standby
}

/// The state of a task's sharing. Its owner guards it.
///
/// A share is an account of all limits (`ShareAccount`), and an adjustment of single counters (`Adjustment`). The
/// accounts of all tasks are never more than the whole, and the adjustments of a counter never more than nothing. What
/// moves is taken from the one first, and given to the other afterwards.
struct ShareState {
  let counters: any CounterSource
  let current: CurrentShares
  let system: @Sendable () -> Int
  let steady: @Sendable () -> Int
  let random: @Sendable () -> UInt64
  let timing: ShareTiming

  var role = ShareRole.alone
  /// Whether the task has given up its account for good.
  var isClosed = false
  var clock = ShareClock.system
  /// That which is this task's own, before shares of others.
  var account = ShareAccount.whole
  /// Windows that begin then or later are not this task's, as long as others may have them.
  var fence = Int.max
  /// When this task last had less than everything, by the steady clock.
  var dividedAt: Int?
  /// How often the counters of calls were cleared.
  var clears: UInt64 = 0
  var holder = ShareHolder()
  var standby = ShareStandby()

  /// The time that decides about windows, in nanoseconds.
  var time: Int {
    switch clock {
    case .system: system()
    case .steady(let offset): steady() + offset
    }
  }

  var now: Int { time / 1_000_000_000 }

  /// The part that this task may use after it gave shares.
  var remaining: ShareAccount { holder.members.values.reduce(account) { $0.giving($1.parts) } }

  /// That which this task may give, when all that have shares keep them.
  var promised: ShareAccount {
    let now = now
    return holder.members.values.reduce(account) { $0.giving($1.fence > now ? $1.gift : $1.ended) }
  }

  mutating func publish() {
    let isDivided = !current.shares().isWhole
    current.replace(account: remaining, fence: fence, clock: clock)
    if isDivided || !current.shares().isWhole { dividedAt = steady() }
  }

  /// The part that this task allows of a limit that is not counted in common windows: its part, and at most half for
  /// as long as a window of the other task may last.
  func part(of limit: Int, window: Int) -> Int {
    let shares = current.shares()
    guard shares.isWhole else {
      let value = shares.account.value(of: limit, windowStart: now)
      // A task that waits for its share takes logins already.
      return isClosed || shares.account.got.isEmpty ? limit / 2 : value
    }
    guard let dividedAt, steady() - dividedAt < window * 1_000_000_000 else { return limit }
    return limit / 2
  }

  /// Takes a new part, or goes on with it.
  ///
  /// - Parameter age: nanoseconds since the lease was confirmed; `nil` when it was not.
  mutating func become(_ new: ShareRole, confirmedFor age: Int?) {
    guard !isClosed else { return }
    switch (role, new) {
    case (.standby, .holder): takeOver()
    case (.alone, .standby), (.holder, .standby): begin(keeping: role == .holder && fence != .max)
    case (.standby, .alone): return
    case (.holder, .alone): return
    default: role = new
    }
    guard role == .holder else { return }
    if holder.name == 0 { holder.name = random() }
    if let age { holder.confirmedUntil = (time - age) / 1_000_000_000 + timing.confidence }
    finishLegacy()
    finishReturns()
    tend()
  }

  /// Begins to share another task's limits. There is nothing to use before that task says so.
  ///
  /// - Parameter isKept: whether the other task left this one what it had in the windows before its fence.
  private mutating func begin(keeping isKept: Bool) {
    role = .standby
    account = isKept ? remaining : .nothing
    fence = isKept ? holder.confirmedUntil : .max
    holder = ShareHolder()
    standby = ShareStandby(session: random())
    standby.wasJoined = isKept
    publish()
  }

  /// Goes on as the task that owns the limits.
  private mutating func takeOver() {
    let now = now
    if case .steady = clock, abs(time - system()) < 1_000_000_000 { clock = .system }
    holder = ShareHolder(name: random(), confirmedUntil: now + timing.confidence)
    if standby.hasLegacy || standby.hasInherited, standby.incoming.first?.isWhole == true {
      // The task before left everything.
      counters.endLastingAdjustments(now: now)
    } else if standby.wasJoined {
      // The task before may have used all but this share in the windows that began up to now. Others may have shares in
      // windows that begin a little later.
      let others = now + timing.lasting + timing.margin
      account = account.before(now < fence ? others : fence)
        .adding(ShareAccount(got: [SharePart(halvings: 0, from: others)]))
      holder.hasLostMember = true
      holder.adjustmentsEnd = others
      holder.broughtUntil = others
      counters.endLastingAdjustments(now: now) { amount, _ in min(amount, 0) }
    } else {
      account = .whole
    }
    fence = .max
    role = .holder
    publish()
  }

  /// Gives up this task's account, so that nothing is counted any more.
  mutating func close() {
    guard !isClosed else { return }
    let closedAt = now
    isClosed = true
    switch role {
    case .alone: break
    case .holder: closeHolder(at: closedAt)
    case .standby: closeStandby(at: closedAt)
    }
  }

  /// Takes over the count of clears of another task.
  mutating func note(clears other: UInt64) {
    guard other > clears else { return }
    clears = other
    counters.clearCalls()
  }
}
