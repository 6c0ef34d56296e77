import Synchronization

/// The part that this task may use of all limits at present. Event loops keep a copy.
package final class Shares: Sendable {
  /// Counts the changes.
  package let generation: UInt64
  /// The parts of limits.
  package let account: ShareAccount
  /// Windows that begin at this moment or later may belong to another task.
  package let fence: Int
  /// The clock that decides about windows.
  package let clock: ShareClock
  /// Whether this task may use all of every limit.
  package let isWhole: Bool

  init(generation: UInt64, account: ShareAccount, fence: Int, clock: ShareClock) {
    (self.generation, self.account, self.fence, self.clock) = (generation, account, fence, clock)
    isWhole = account == .whole && fence == .max
  }

  /// That which may be counted in a window.
  ///
  /// - Parameter amount: what was given or got of this limit.
  package func allowance(of limit: Int, windowStart: Int, adjustedBy amount: Int) -> Int {
    // Amounts that were got belong to an account, and end with it.
    guard windowStart < fence, !account.got.isEmpty else { return 0 }
    return min(limit, max(0, account.value(of: limit, windowStart: windowStart) + amount))
  }
}

/// The clock that decides about windows. Tasks that share limits have one, so it may differ from the system's clock.
package enum ShareClock: Sendable, Equatable {
  /// The system's clock.
  case system
  /// A steady clock, plus nanoseconds.
  case steady(offset: Int)

  /// The time that decides about windows, in seconds.
  ///
  /// - Parameters:
  ///   - now: Unix seconds of the system's clock.
  ///   - steady: returns nanoseconds of the steady clock.
  package func seconds(_ now: Int, steady: () -> Int) -> Int {
    switch self {
    case .system: now
    case .steady(let offset): (steady() + offset) / 1_000_000_000
    }
  }
}

/// The newest shares of a task.
package final class CurrentShares: Sendable {
  private let current = Mutex(Shares(generation: 0, account: .whole, fence: .max, clock: .system))
  /// The generation of the newest shares. Event loops compare it with their own.
  private let newest = Atomic<UInt64>(0)

  /// Everything, as for a task that is alone.
  package init() {}

  /// The newest shares.
  package func shares() -> Shares { current.withLock { $0 } }

  /// Whether these are the newest shares.
  package func areNewest(_ shares: Shares) -> Bool {
    newest.load(ordering: .sequentiallyConsistent) == shares.generation
  }

  /// Replaces the shares. A call that is counted from now on holds to them.
  package func replace(account: ShareAccount, fence: Int, clock: ShareClock) {
    current.withLock { present in
      guard present.account != account || present.fence != fence || present.clock != clock else { return }
      present = Shares(generation: present.generation + 1, account: account, fence: fence, clock: clock)
      newest.store(present.generation, ordering: .sequentiallyConsistent)
    }
  }
}

/// The shares that a call goes by.
package struct Sharing: Sendable {
  private let current: CurrentShares
  /// The copy of the event loop.
  package let shares: Shares

  /// The shares of an event loop.
  package init(_ current: CurrentShares, _ shares: Shares) { (self.current, self.shares) = (current, shares) }

  /// The shares of a task that is alone.
  package static let alone = {
    let current = CurrentShares()
    return Sharing(current, current.shares())
  }()

  /// The shares at this moment.
  var newest: Shares { current.areNewest(shares) ? shares : current.shares() }
}
