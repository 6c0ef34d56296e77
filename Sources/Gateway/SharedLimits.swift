import RateLimiting

/// The counters of users, and the part of this task in sharing their limits with the service's other tasks.
package final class SharedLimits: Sendable {
  let users: UserPlans
  let shares: CurrentShares
  private let exchange: ShareExchange

  /// The limits of a task that is alone.
  package init() {
    let shares = CurrentShares()
    let users = UserPlans(shares)
    (self.shares, self.users) = (shares, users)
    exchange = ShareExchange(users, shares, system: LimitClock.system, steady: LimitClock.steady)
  }

  /// This task holds the lease, so the limits are its own, less what it gives to others. Called each second.
  ///
  /// - Parameter age: the time since the lease was confirmed.
  package func hold(confirmedFor age: Duration) {
    let (seconds, attoseconds) = age.components
    exchange.become(.holder, confirmedFor: Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000))
  }

  /// Another task holds the lease, so this one has the share that it gets from there.
  package func follow() { exchange.become(.standby) }

  /// Gives up all limits, because this task takes no calls any more.
  package func giveUp() { exchange.close() }

  /// The number of messages that the transfer of limits between this task and another one still needs.
  package var messagesLeft: Int { exchange.messagesLeft }

  /// Whether this task may allow calls of users with limits.
  package var hasShare: Bool { exchange.hasShare }

  /// The message of this task to the holder.
  package func report() -> [UInt8] { exchange.report() }

  /// The answer of this task, the holder, to a report.
  package func answer(_ report: [UInt8]) -> [UInt8] { exchange.answer(report) }

  /// Takes the holder's answer to the last report.
  package func take(_ answer: [UInt8]) { exchange.take(answer) }

  /// The part that this task allows of a limit that is counted in windows of its own.
  func part(of limit: Int, window: Int) -> Int { exchange.part(of: limit, window: window) }

  /// That which users used of their limits, for the task that starts next.
  package func saved() -> [UInt8] {
    SavedCounters(users, now: shares.shares().clock.seconds(LoopState.unixSeconds())).bytes
  }

  /// Whether another task gave this one a share of the limits.
  package var hadShare: Bool { exchange.hadShare }

  /// Goes on from what the task before saved, unless this one had a share of the limits, and so knows more.
  ///
  /// - Returns: the number of limits that were used, or `nil` when the bytes are of another version.
  package func restore(_ bytes: [UInt8]) -> Int? {
    guard let saved = SavedCounters(bytes) else { return nil }
    guard !hadShare else { return 0 }
    saved.restore(to: users)
    return saved.entries.count
  }

  /// Lets all users begin their windows of calls anew, at the other tasks, too.
  func clearCalls() {
    users.clearCalls()
    exchange.noteClear()
  }
}
