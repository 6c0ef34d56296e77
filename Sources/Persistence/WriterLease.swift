import Clocks
package import DumpDirectory
package import Logging
import Synchronization
package import Threads

/// This process's part in the rule that one process writes to a dump directory.
///
/// A thread of its own renews the lease, and hangs when the volume does. Everyone else reads the last known status
/// without waiting.
///
/// Holding the lease does not suffice to write: the state in memory must also be the newest of the directory. The
/// restoring code confirms that with `accept(epoch:)`. Nor does the lease suffice to acknowledge a change: it must have
/// been confirmed recently.
package final class WriterLease: Sendable {
  fileprivate struct Status {
    var role = LeaseRole.unknown
    /// The epoch for which the state in memory is the newest, or `nil` before `accept(epoch:)`.
    var accepted: Int?
    /// When the lease was last confirmed, by the steady clock.
    var confirmedAt: Duration?
    var isEnding = false
    /// Whether it was logged that the volume did not let the lease be given up in time.
    var isReportedLate = false
    var trouble: LeaseTrouble?
    var movedAside: String?
  }

  private let volume: LeaseVolume
  private let timing: LeaseTiming
  private let steady: @Sendable () -> Duration
  /// Used by the lease's thread and by dumps. Both wait for the volume anyway.
  private let keeper: Mutex<LeaseKeeper>
  private let status = Mutex(Status())
  private let thread = Worker()
  private let wakeup = Wakeup()
  private let logger: Logger
  private let roleChanges: AsyncStream<LeaseRole>.Continuation
  /// The process's role, each time it changes. A slow reader gets only the latest one.
  package let roles: AsyncStream<LeaseRole>

  /// Creates the lease of a process; `start` begins to keep it.
  ///
  /// - Parameters:
  ///   - keeper: a keeper for the same volume and clock.
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
    (roles, roleChanges) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// This process, as its lease names it.
  package var holder: LeaseHolder { volume.holder }
  /// The role when the lease was last read or renewed.
  package var role: LeaseRole { status.withLock { $0.role } }
  /// The reason why the lease could not be renewed or read the last time, or `nil` when that worked.
  package var trouble: LeaseTrouble? { status.withLock { $0.trouble } }

  /// The epoch under which this process may write dumps, or `nil` when it may not.
  package var epoch: Int? { status.withLock { $0.epoch } }

  /// The time since the lease was last confirmed, or `nil` when this task may not write.
  package var confirmedAge: Duration? {
    let confirmedAt = status.withLock { $0.epoch == nil ? nil : $0.confirmedAt }
    return confirmedAt.map { steady() - $0 }
  }

  /// The time since the lease was last confirmed, once that is too long to acknowledge a change; another task may have
  /// taken the lease meanwhile. It is `nil` while the lease is confirmed, and when it is not held.
  package var unconfirmedFor: Duration? {
    let (epoch, confirmedAt) = status.withLock { ($0.epoch, $0.confirmedAt) }
    guard epoch != nil else { return nil }
    // This comes after the lock, because waiting for the lock takes time too.
    let now = steady()
    guard let confirmedAt else { return .zero }
    return timing.covers(confirmedAt, at: now) ? nil : now - confirmedAt
  }

  /// Begins to read and renew the lease, for as long as the process lives.
  ///
  /// - Throws: when the system cannot give it a thread.
  package func start() throws(ThreadError) {
    try thread.prepare()
    thread.start {
      self.run()
    } then: { result in
      // `run` does not throw and the thread exists, so a failure here is not expected.
      if case .failure(let error) = result { self.report(error) }
    }
  }

  /// Waits until the lease was read once. A volume that hangs is not waited for beyond the limit.
  ///
  /// - Returns: the role, which is `unknown` when the limit is over.
  package func firstRole(within limit: Duration) async -> LeaseRole {
    let deadline = Deadline(in: limit)
    while role == .unknown, !deadline.isOver {
      try? await Task.sleep(for: .milliseconds(10))
    }
    return role
  }

  /// Confirms that the state in memory is the newest of the directory, as of the beginning of this epoch.
  package func accept(epoch: Int) {
    status.withLock { $0.accepted = epoch }
  }

  /// Reads from the volume whether this process still holds an epoch. It blocks for as long as the volume takes.
  ///
  /// - Throws: `DumpDirectoryError` `leaseLost` when it does not.
  package func confirm(epoch: Int) throws(DumpDirectoryError) {
    guard self.epoch == epoch, try !volume.readLease().isLost(epoch, by: volume.holder) else {
      throw lost
    }
  }

  /// Moves the lease to an epoch above another one, if this process may write. It blocks for as long as the volume
  /// takes.
  ///
  /// - Parameter other: an epoch that a dump of the directory names.
  package func raise(above other: Int) throws {
    guard epoch != nil else { return }
    try keeper.withLock { keeper in
      let raised = try keeper.raise(above: other)
      let outcome = Result { try keeper.step() }
      publish(keeper, raised: raised)
      try outcome.get()
    }
  }

  /// The error of a dump that is refused because this process does not hold the lease.
  package var lost: DumpDirectoryError {
    let reason =
      trouble?.isShortage == true
      ? "the volume is full, so this task can't take its lease; free space on it or enlarge it"
      : "another task holds the lease of this volume"
    return DumpDirectoryError(.leaseLost, volume.directory, reason)
  }

  /// Gives up the lease, so that another process can take it at once, or stops trying to get it. From then on no change
  /// is acknowledged.
  ///
  /// - Returns: whether that was done within the limit. A volume that hangs is not waited for.
  package func end(within limit: Duration) async -> Bool {
    status.withLock { $0.isEnding = true }
    wakeup.ring()
    // The thread does this after `run`, or at once if `run` was never started.
    thread.start {
      self.giveUp()
    } then: { result in
      if case .failure(let error) = result { self.report(error) }
    }
    let deadline = Deadline(in: limit)
    while role != .ended, !deadline.isOver {
      try? await Task.sleep(for: .milliseconds(5))
    }
    reportLateEnd()
    return role == .ended
  }

  /// Logs once that a held lease was not given up in time.
  private func reportLateEnd() {
    let held = status.withLock { status -> Int? in
      guard case .holding(let epoch) = status.role, !status.isReportedLate else { return nil }
      status.isReportedLate = true
      return epoch
    }
    guard let held else { return }
    logger.warning(
      "the lease could not be given up in time, as the volume hangs; another task takes it once it is unchanged for \(timing.watch.milliseconds / 1000) seconds",
      metadata: ["lease.epoch": .stringConvertible(held)])
  }

  /// Whether another process has taken the lease that this one gave up.
  ///
  /// - Returns: `false` also when the volume does not tell within the limit.
  package func hasSuccessor(within limit: Duration) async -> Bool {
    let volume = volume
    // A failure means that it is not known.
    return
      (try? await thread.perform(within: limit) { try volume.readLease().record.map { $0.holder != volume.holder } })
      .flatMap { $0 } ?? false
  }

  private func giveUp() {
    do {
      try keeper.withLock { try $0.end() }
    } catch {
      logger.warning(
        "the lease could not be given up; others wait until it runs out", metadata: ["error": "\(error)"])
    }
    status.withLock { $0.role = .ended }
    roleChanges.finish()
  }

  private func run() {
    while !status.withLock({ $0.isEnding }) {
      let (pause, error) = keeper.withLock { keeper -> (Duration, (any Error)?) in
        let outcome = Result { try keeper.step() }
        // This is done under the keeper's lock, so that an older status never replaces a newer one.
        publish(keeper)
        if case .failure(let error) = outcome { return (keeper.pause, error) }
        return (keeper.pause, nil)
      }
      report(error)
      wakeup.take(until: Deadline(in: pause))
    }
  }

  /// Publishes the keeper's role and times for the other threads.
  ///
  /// - Parameter raised: the epoch to which the lease was moved without a gap, so that the state in memory is still the
  ///   newest.
  private func publish(_ keeper: borrowing LeaseKeeper, raised: Int? = nil) {
    let (role, confirmedAt, movedAside) = (keeper.role, keeper.confirmedAt, keeper.movedAside)
    let (hasNewRole, isMoved) = status.withLock { status in
      defer { (status.role, status.confirmedAt, status.movedAside) = (role, confirmedAt, movedAside) }
      if let raised, role == .holding(epoch: raised) { status.accepted = raised }
      return (!role.isSame(as: status.role), movedAside != status.movedAside)
    }
    if isMoved, let movedAside {
      logger.warning(
        "a directory stood in the place of lease.json; it has another name now", metadata: ["path": "\(movedAside)"])
    }
    if hasNewRole { roleChanges.yield(role) }
  }

  /// Logs a failure once, and its end once.
  private func report(_ error: (any Error)?) {
    let trouble = error.map(LeaseTrouble.init)
    let before = status.withLock { status in
      defer { status.trouble = trouble }
      return status.trouble
    }
    guard trouble != before else { return }
    if let trouble {
      logger.warning("cannot renew or read the lease", metadata: ["error": "\(trouble)"])
    } else {
      logger.notice("the lease is read and renewed again")
    }
  }
}

/// The reason why the lease can't be renewed or read.
package struct LeaseTrouble: Sendable, Equatable, CustomStringConvertible {
  /// The error's code, or `nil` when it is not an error of the directory.
  package let code: DumpDirectoryError.Code?
  /// The error in a sentence, with the path.
  package let description: String

  init(_ error: any Error) {
    code = (error as? DumpDirectoryError)?.code
    description = "\(error)"
  }

  /// Whether the volume is full.
  package var isShortage: Bool { code == .noSpace }
}

extension WriterLease.Status {
  fileprivate var epoch: Int? {
    guard !isEnding, let accepted, role == .holding(epoch: accepted) else { return nil }
    return accepted
  }
}

extension LeaseRole {
  /// Whether the same process holds the same epoch, however often it renewed the lease.
  fileprivate func isSame(as other: LeaseRole) -> Bool {
    switch (self, other) {
    case (.standby(let one?), .standby(let other?)):
      one.holder == other.holder && one.epoch == other.epoch && one.isReleased == other.isReleased
    default: self == other
    }
  }
}
