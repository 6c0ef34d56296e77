import Clocks
package import DumpDirectory
package import Logging
import Synchronization
package import Threads

/// This process's part in "one writer per volume": keeps the lease on a thread of its own, which hangs when the volume
/// does, and tells everyone else what it knows without waiting.
///
/// Holding the lease is not enough to write: the state in memory must be the volume's newest too. Whoever has seen to that
/// says so with `accept(epoch:)`. Nor is it enough to acknowledge a change: the lease must have been confirmed a short while ago.
package final class WriterLease: Sendable {
  fileprivate struct Known {
    var role = LeaseRole.unknown
    /// The epoch for which the state in memory is the newest.
    var accepted: Int?
    /// When the lease was confirmed last, by the steady clock.
    var confirmedAt: Duration?
    var isEnding = false
    var trouble: LeaseTrouble?
    var movedAside: String?
  }

  private let volume: LeaseVolume
  private let timing: LeaseTiming
  private let steady: @Sendable () -> Duration
  /// Used by the lease's thread and by dumps, which wait for the volume anyway.
  private let keeper: Mutex<LeaseKeeper>
  private let known = Mutex(Known())
  private let thread = Worker()
  private let wakeup = Wakeup()
  private let logger: Logger
  private let news: AsyncStream<LeaseRole>.Continuation
  /// Where the process stands, when it changes; of several changes at once the last.
  package let roles: AsyncStream<LeaseRole>

  /// - Parameters:
  ///   - keeper: made for the same volume and clock.
  ///   - steady: a clock that only goes forward.
  package init(
    volume: LeaseVolume, keeper: consuming LeaseKeeper, steady: @escaping @Sendable () -> Duration = SteadyClock.now,
    logger: Logger
  ) {
    self.volume = volume
    self.steady = steady
    self.logger = logger
    timing = keeper.timing
    self.keeper = Mutex(keeper)
    (roles, news) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  package var holder: LeaseHolder { volume.holder }
  package var role: LeaseRole { known.withLock { $0.role } }
  /// Why the lease can't be looked after; `nil`: it can.
  package var trouble: LeaseTrouble? { known.withLock { $0.trouble } }

  /// The epoch under which this process may write dumps; `nil`: it may not.
  package var epoch: Int? { known.withLock { $0.epoch } }

  /// For how long nobody has confirmed that the lease is still held, once that is too long to acknowledge a change; `nil`: it is
  /// confirmed, or not held at all. Another task may have taken it meanwhile.
  package var unconfirmedFor: Duration? {
    let (epoch, confirmedAt) = known.withLock { ($0.epoch, $0.confirmedAt) }
    guard epoch != nil else { return nil }
    // After the lock: waiting for it takes time as well.
    let now = steady()
    guard let confirmedAt else { return .zero }
    return timing.covers(confirmedAt, at: now) ? nil : now - confirmedAt
  }

  /// Begins to look at the volume, for as long as the process lives.
  ///
  /// - Throws: when the system has no thread for it.
  package func start() throws(ThreadError) {
    try thread.prepare()
    thread.start {
      self.run()
    } then: { result in
      // The work itself does not throw, and the thread is there.
      if case .failure(let error) = result { self.report(error) }
    }
  }

  /// Waits for the first look, but not for a volume that hangs.
  package func firstRole(within limit: Duration) async -> LeaseRole {
    let deadline = Deadline(in: limit)
    while role == .unknown, !deadline.isOver {
      try? await Task.sleep(for: .milliseconds(10))
    }
    return role
  }

  /// The state in memory is the newest of the volume, as of the beginning of this epoch.
  package func accept(epoch: Int) {
    known.withLock { $0.accepted = epoch }
  }

  /// Looks at the volume whether an epoch is still the highest. Blocks for as long as the volume takes.
  ///
  /// - Throws: `DumpDirectoryError` `leaseLost` when it is not.
  package func confirm(epoch: Int) throws(DumpDirectoryError) {
    guard self.epoch == epoch, try !volume.look().isOver(epoch, of: volume.holder) else {
      throw lost
    }
  }

  /// Goes on under an epoch above another one, if this process may write. Blocks for as long as the volume takes.
  ///
  /// - Parameter other: that a dump of the directory names.
  package func raise(above other: Int) throws {
    guard epoch != nil else { return }
    try keeper.withLock { keeper in
      let raised = try keeper.raise(above: other)
      let outcome = Result { try keeper.turn() }
      stand(keeper, raised: raised)
      try outcome.get()
    }
  }

  /// The refusal of a dump.
  package var lost: DumpDirectoryError {
    let reason =
      trouble?.isShortage == true
      ? "the volume is full, so this task can't take its lease; free space on it or enlarge it"
      : "another task holds the lease of this volume"
    return DumpDirectoryError(.leaseLost, volume.directory, reason)
  }

  /// Gives the lease up, so that another takes it at once, or stops trying to get it. From now on no change is acknowledged.
  ///
  /// - Returns: whether that was done within the limit: a volume that hangs is not waited for.
  package func end(within limit: Duration) async -> Bool {
    known.withLock { $0.isEnding = true }
    wakeup.ring()
    // Behind `run`, or in its place where that was never started.
    thread.start {
      self.giveUp()
    } then: { result in
      if case .failure(let error) = result { self.report(error) }
    }
    let deadline = Deadline(in: limit)
    while role != .ended, !deadline.isOver {
      try? await Task.sleep(for: .milliseconds(5))
    }
    return role == .ended
  }

  private func giveUp() {
    do {
      try keeper.withLock { try $0.end() }
    } catch {
      logger.warning(
        "the lease could not be given up; others wait until it runs out", metadata: ["error": "\(error)"])
    }
    known.withLock { $0.role = .ended }
    news.finish()
  }

  private func run() {
    while !known.withLock({ $0.isEnding }) {
      let (pause, error) = keeper.withLock { keeper -> (Duration, (any Error)?) in
        let outcome = Result { try keeper.turn() }
        // Under the keeper's lock, so that what is known never goes back.
        stand(keeper)
        if case .failure(let error) = outcome { return (keeper.pause, error) }
        return (keeper.pause, nil)
      }
      report(error)
      wakeup.take(until: Deadline(in: pause))
    }
  }

  /// - Parameter raised: the epoch to which the lease was moved without being let go: the state in memory is still the newest.
  private func stand(_ keeper: borrowing LeaseKeeper, raised: Int? = nil) {
    let (role, confirmedAt, movedAside) = (keeper.role, keeper.confirmedAt, keeper.movedAside)
    let (isNews, isMoved) = known.withLock { known in
      defer { (known.role, known.confirmedAt, known.movedAside) = (role, confirmedAt, movedAside) }
      if let raised, role == .holding(epoch: raised) { known.accepted = raised }
      return (!role.isSame(as: known.role), movedAside != known.movedAside)
    }
    if isMoved, let movedAside {
      logger.warning(
        "a directory stood in the place of lease.json; it has another name now", metadata: ["path": "\(movedAside)"])
    }
    if isNews { news.yield(role) }
  }

  /// Says once what is wrong, and once that it is over.
  private func report(_ error: (any Error)?) {
    let trouble = error.map(LeaseTrouble.init)
    let before = known.withLock { known in
      defer { known.trouble = trouble }
      return known.trouble
    }
    guard trouble != before else { return }
    if let trouble {
      logger.warning("the lease can't be looked after", metadata: ["error": "\(trouble)"])
    } else {
      logger.notice("the lease can be looked after again")
    }
  }
}

/// Why the lease can't be looked after.
package struct LeaseTrouble: Sendable, Equatable, CustomStringConvertible {
  /// What the volume did; `nil` when it was something else.
  package let code: DumpDirectoryError.Code?
  /// In a sentence, with the path.
  package let description: String

  init(_ error: any Error) {
    code = (error as? DumpDirectoryError)?.code
    description = "\(error)"
  }

  /// Whether the volume is full.
  package var isShortage: Bool { code == .noSpace }
}

extension WriterLease.Known {
  fileprivate var epoch: Int? {
    guard !isEnding, let accepted, role == .holding(epoch: accepted) else { return nil }
    return accepted
  }
}

extension LeaseRole {
  /// Whether the same process has it for the same epoch, however often it renewed the lease.
  fileprivate func isSame(as other: LeaseRole) -> Bool {
    switch (self, other) {
    case (.standby(let one?), .standby(let other?)):
      one.holder == other.holder && one.epoch == other.epoch && one.isReleased == other.isReleased
    default: self == other
    }
  }
}
