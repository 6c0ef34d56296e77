/// The lease as one process sees it: what it has read, and what it does next. This is a value that does no input or
/// output.
///
/// Creating a claim file is exclusive, so exactly one process owns an epoch. A process that reads a claim above its own
/// has lost the lease. A process that has claimed an epoch reads the lease once more before it writes. So two processes
/// never hold the same epoch, however late their reads and writes come.
///
/// A holder acknowledges changes only while no other process can hold the lease: `mayAcknowledge(at:)`. Another process
/// takes an unreleased lease only after it was unchanged for `LeaseTiming.watch`. A renewal that others can read
/// therefore excludes a take-over for that long, and `LeaseTiming.confidence` is shorter. A process that was frozen
/// between its decision and its claim can claim later than that. It then reads that the lease has changed since, and
/// waits until the previous holder can't acknowledge changes any more.
package struct LeaseState: Sendable {
  /// The next action. After it, also if it failed, the lease is read again.
  package enum Action: Sendable, Equatable {
    case wait
    /// Write the record of this epoch beside `lease.json`. This shows that the volume accepts writes.
    case prepare(epoch: Int)
    /// Create the claim of this epoch, which fails if another process has it.
    case claim(epoch: Int)
    /// Write this to `lease.json`.
    case write(epoch: Int, renewal: Int, isReleased: Bool)
  }

  private struct Watch: Sendable {
    var seen: (lease: LeaseFileState, highestClaim: Int, announcement: LeaseAnnouncement?)?
    /// The time for which the lease was seen unchanged. Times without readings count only in part.
    var watched = Duration.zero
    /// The value of `watched` when the volume accepted a write of this process.
    var preparedAt: Duration?
    var readAt = Duration.zero
  }

  /// An epoch that this process has claimed, but that is not in `lease.json` yet.
  private struct Claim: Sendable {
    let epoch: Int
    /// The lease's file when the claim was decided.
    let replaced: LeaseFileState?
    /// The time from which the previous holder can't acknowledge changes any more. It is `nil` if the holder could not
    /// when the claim was created.
    var safeAt: Duration?
    var writtenAt: Duration?
  }

  private struct Tenure: Sendable {
    var epoch: Int
    var renewal: Int
    /// When the last write of `lease.json` began.
    var writtenAt: Duration
    /// When the last write began that a later reading found unchanged, without a higher epoch.
    var confirmedAt: Duration
    /// The epoch that was held before this one. It is `nil` once a reading has shown that no process took the lease
    /// between the two.
    var raisedFrom: Int?
  }

  private enum Phase: Sendable {
    case watching(Watch)
    case claimed(Claim)
    case holding(Tenure)
    case ended
  }

  /// The process whose view this is.
  package let holder: LeaseHolder
  private let timing: LeaseTiming
  private var phase = Phase.watching(Watch())
  /// The highest epoch that was read in the lease's files or in dumps.
  private var highestEpoch = 0
  /// Whether there was a lease at any time, even if its files are gone.
  private var hadLease = false
  /// An epoch that another process claimed before this one, although a reading may not show the claim yet.
  private var contested = 0

  /// Begins without any reading.
  package init(holder: LeaseHolder, timing: LeaseTiming = .standard) {
    self.holder = holder
    self.timing = timing
  }

  /// The held epoch, or `nil`.
  package var epoch: Int? {
    if case .holding(let tenure) = phase { tenure.epoch } else { nil }
  }

  /// When the write began that last confirmed the lease, by the clock of `observe`, or `nil` when the lease is not
  /// held.
  package var confirmedAt: Duration? {
    if case .holding(let tenure) = phase { tenure.confirmedAt } else { nil }
  }

  /// Whether a record beside `lease.json` is waiting to be used.
  package var isPrepared: Bool {
    if case .watching(let watch) = phase { watch.preparedAt != nil } else { false }
  }

  /// The number above every known epoch, or `nil` when there is no such number.
  package var nextEpoch: Int? { LeaseEpoch.isSane(highestEpoch + 1) ? highestEpoch + 1 : nil }

  /// Whether a change may be acknowledged at a moment.
  ///
  /// - Parameter now: the moment, by the clock of `observe`.
  package func mayAcknowledge(at now: Duration) -> Bool {
    confirmedAt.map { timing.covers($0, at: now) } ?? false
  }

  /// Whether the holder should have renewed the lease by now.
  package func isRenewalDue(at now: Duration) -> Bool {
    if case .holding(let tenure) = phase { now - tenure.writtenAt >= timing.renewal } else { false }
  }

  /// Records an epoch that a dump names.
  package mutating func noteUsed(epoch: Int) {
    if LeaseEpoch.isSane(epoch) { highestEpoch = max(highestEpoch, epoch) }
  }

  /// Records an epoch that another process claimed or announced.
  package mutating func noteClaimed(epoch: Int) {
    noteUsed(epoch: epoch)
    hadLease = true
  }

  /// Evaluates a reading.
  ///
  /// - Parameter now: the steady clock's time from before the reading.
  /// - Returns: the next action.
  package mutating func observe(_ reading: LeaseReading, now: Duration) -> Action {
    noteUsed(epoch: reading.highestEpoch)
    if let announcement = reading.announcement { noteClaimed(epoch: announcement.epoch) }
    hadLease = hadLease || reading.lease != .absent || reading.highestClaim > 0
    switch phase {
    case .watching(let watch): return observe(reading, watch, now: now)
    case .claimed(let claim): return observe(reading, claim, now: now)
    case .holding(let tenure): return observe(reading, tenure, now: now)
    case .ended: return .wait
    }
  }

  /// Records that the volume accepted a write of this process.
  package mutating func prepared() {
    guard case .watching(var watch) = phase else { return }
    watch.preparedAt = watch.watched
    phase = .watching(watch)
  }

  /// Begins the watch again. Either a write failed, and a holder that could not write either gets time to renew the
  /// lease; or another process was active since the reading.
  package mutating func watchAnew() {
    if case .watching = phase { phase = .watching(Watch()) }
  }

  /// Records that this process created the claim.
  ///
  /// A holder of a lower epoch continues as the holder of the new one without a gap.
  package mutating func claimed(_ epoch: Int) {
    noteClaimed(epoch: epoch)
    switch phase {
    case .watching(let watch): phase = .claimed(Claim(epoch: epoch, replaced: watch.seen?.lease))
    case .holding(var tenure) where tenure.epoch < epoch:
      tenure.raisedFrom = tenure.raisedFrom ?? tenure.epoch
      tenure.epoch = epoch
      phase = .holding(tenure)
    case .claimed, .holding, .ended: break
    }
  }

  /// Records that another process has created the claim.
  package mutating func claimFailed(_ epoch: Int) {
    contested = max(contested, epoch)
    noteClaimed(epoch: epoch)
    phase = .watching(Watch())
  }

  /// Records that `lease.json` was written. The next reading shows whether the write is still in place.
  ///
  /// - Parameter now: the steady clock's time from before the write.
  package mutating func wrote(epoch: Int, renewal: Int, now: Duration) {
    switch phase {
    case .claimed(var claim) where claim.epoch == epoch:
      claim.writtenAt = now
      phase = .claimed(claim)
    case .holding(var tenure) where tenure.epoch == epoch:
      (tenure.renewal, tenure.writtenAt) = (renewal, now)
      phase = .holding(tenure)
    default: break
    }
  }

  /// Gives up the lease, if it is held. Afterwards every action is `wait`.
  package mutating func end() -> Action {
    defer { phase = .ended }
    switch phase {
    case .claimed(let claim): return .write(epoch: claim.epoch, renewal: 0, isReleased: true)
    case .holding(let tenure): return .write(epoch: tenure.epoch, renewal: tenure.renewal + 1, isReleased: true)
    case .watching, .ended: return .wait
    }
  }
}

extension LeaseState {
  private mutating func lose(_ reading: LeaseReading, now: Duration) -> Action {
    observe(reading, Watch(), now: now)
  }

  private mutating func observe(_ reading: LeaseReading, _ before: Tenure, now: Duration) -> Action {
    if reading.isLost(before.epoch, by: holder) { return lose(reading, now: now) }
    if let from = before.raisedFrom, reading.hasTaker(between: from, and: before.epoch, otherThan: holder) {
      return lose(reading, now: now)
    }
    var tenure = before
    tenure.raisedFrom = nil
    let isOurs = reading.record?.epoch == tenure.epoch
    // Other processes can read this renewal, and no process had claimed the lease when this reading began.
    if isOurs, reading.record?.renewal == tenure.renewal { tenure.confirmedAt = tenure.writtenAt }
    phase = .holding(tenure)
    // The claim file was removed. Without it, another process could claim the same epoch.
    if !reading.claims.contains(tenure.epoch) { return .claim(epoch: tenure.epoch) }
    return isOurs && now - tenure.writtenAt < timing.renewal
      ? .wait : .write(epoch: tenure.epoch, renewal: tenure.renewal + 1, isReleased: false)
  }

  private mutating func observe(_ reading: LeaseReading, _ before: Claim, now: Duration) -> Action {
    if reading.isLost(before.epoch, by: holder) { return lose(reading, now: now) }
    var claim = before
    if let record = reading.record, record.epoch == claim.epoch {
      let writtenAt = claim.writtenAt ?? now
      phase = .holding(
        Tenure(epoch: claim.epoch, renewal: record.renewal, writtenAt: writtenAt, confirmedAt: writtenAt))
      return reading.claims.contains(claim.epoch) ? .wait : .claim(epoch: claim.epoch)
    }
    // The previous holder was alive after the decision. It may acknowledge changes until its confidence ends, or until
    // it reads the claim, which exists now.
    let isReleased = isReleased(reading, to: claim)
    if claim.safeAt == nil, !isReleased, let replaced = claim.replaced, reading.lease != replaced {
      claim.safeAt = now + timing.confidence
    }
    phase = .claimed(claim)
    if let safeAt = claim.safeAt, now < safeAt, !isReleased { return .wait }
    return .write(epoch: claim.epoch, renewal: 0, isReleased: false)
  }

  /// Whether the previous holder gave the lease up. One that ends releases the lease and then its claim, so a reading
  /// between its parts shows a process that ended, with a record of before.
  private func isReleased(_ reading: LeaseReading, to claim: Claim) -> Bool {
    guard let record = reading.record, record.isReleased else { return false }
    // A late write can put an older record in the place of the previous holder's.
    let others = reading.claims.filter { $0 != claim.epoch }
    var previous = others.max() ?? 0
    if case .record(let replaced) = claim.replaced { previous = max(previous, replaced.epoch) }
    return record.epoch >= previous
  }

  private mutating func observe(_ reading: LeaseReading, _ before: Watch, now: Duration) -> Action {
    var watch = before
    let claim = max(reading.highestClaim, contested)
    if let seen = watch.seen, seen == (reading.lease, claim, reading.announcement) {
      watch.watched += min(now - watch.readAt, timing.longestGap)
    } else {
      watch.seen = (reading.lease, claim, reading.announcement)
      watch.watched = .zero
      watch.preparedAt = nil
    }
    watch.readAt = now
    phase = .watching(watch)
    guard let nextEpoch else { return .wait }
    if isFree(reading, claim) { return .claim(epoch: nextEpoch) }
    guard let preparedAt = watch.preparedAt else {
      return watch.watched >= timing.watch - timing.proof ? .prepare(epoch: nextEpoch) : .wait
    }
    // A holder that could not write either has had the time to renew the lease since then.
    return watch.watched >= timing.watch && watch.watched >= preparedAt + timing.proof
      ? .claim(epoch: nextEpoch) : .wait
  }

  /// Whether the lease can be taken without watching it.
  private func isFree(_ reading: LeaseReading, _ claim: Int) -> Bool {
    switch reading.lease {
    // There never was a lease. Otherwise the file was removed, and its holder may be alive.
    case .absent: claim == 0 && !hadLease
    // If there is a higher claim, another process is about to take the lease. Whether that process lives says nothing
    // about the holder.
    case .record(let record): claim <= record.epoch && (record.isReleased || reading.isHolderDead)
    case .damaged: false
    }
  }
}
