/// The lease as one process sees it: what it knows, and what it does next. Acts on nothing itself.
///
/// An epoch belongs to the process that created its claim, which only one can. A process that sees a claim above its own has
/// lost the lease, and a process that claims an epoch looks once more before it writes. So two never hold the same epoch, however
/// late their looks and writes come.
///
/// A holder acknowledges changes only while it knows that nobody else can hold the lease: `mayAcknowledge(at:)`. Another process
/// takes an unreleased lease only after it watched it unchanged for `LeaseTiming.watch`, so a renewal that others can see excludes
/// a take-over for that long. `LeaseTiming.confidence` is shorter. A process that was frozen between its decision and its claim may
/// come later than that; it sees that the lease has changed since, and waits until the one before it can't acknowledge any more.
package struct LeaseState: Sendable {
  /// What is to be done; after it, or its failure, the volume is looked at again.
  package enum Action: Sendable, Equatable {
    case wait
    /// Write the record of this epoch beside `lease.json`, which shows that the volume takes writes.
    case prepare(epoch: Int)
    /// Make the claim of this epoch, which nobody else may have.
    case claim(epoch: Int)
    /// Put this into `lease.json`.
    case write(epoch: Int, renewal: Int, isReleased: Bool)
  }

  private struct Watch: Sendable {
    var seen: (lease: LeaseSighting, highestClaim: Int, past: LeasePast?)?
    /// How long it has been so, as far as it was watched.
    var watched = Duration.zero
    /// What `watched` was when the volume took a write of this process.
    var preparedAt: Duration?
    var lookedAt = Duration.zero
  }

  /// An epoch that is ours, while `lease.json` does not say so yet.
  private struct Claim: Sendable {
    let epoch: Int
    /// The lease as it was when the claim was decided.
    let replaced: LeaseSighting?
    /// From when on the holder before can't acknowledge changes any more; `nil`: it could not when the claim was made.
    var safeAt: Duration?
    var writtenAt: Duration?
  }

  private struct Tenure: Sendable {
    var epoch: Int
    var renewal: Int
    /// When the last write of `lease.json` began.
    var writtenAt: Duration
    /// When the last write began that a later look found in place, with nobody above.
    var confirmedAt: Duration
    /// The epoch that was held before this one, until a look has shown that nobody took the lease between the two.
    var raisedFrom: Int?
  }

  private enum Phase: Sendable {
    case watching(Watch)
    case claimed(Claim)
    case holding(Tenure)
    case ended
  }

  package let holder: LeaseHolder
  private let timing: LeaseTiming
  private var phase = Phase.watching(Watch())
  /// The highest epoch that was ever heard of.
  private var known = 0
  /// Whether the volume had a lease at any look, or before, although its files may be gone.
  private var hadLease = false
  /// An epoch that another claimed before us, although a look may not show it yet.
  private var contested = 0

  package init(holder: LeaseHolder, timing: LeaseTiming = .standard) {
    self.holder = holder
    self.timing = timing
  }

  /// The epoch that is held.
  package var epoch: Int? {
    if case .holding(let tenure) = phase { tenure.epoch } else { nil }
  }

  /// When the write began that confirmed the lease last, by the clock of `observe`; `nil`: it is not held.
  package var confirmedAt: Duration? {
    if case .holding(let tenure) = phase { tenure.confirmedAt } else { nil }
  }

  /// Whether a record beside `lease.json` is waiting for its turn.
  package var isPrepared: Bool {
    if case .watching(let watch) = phase { watch.preparedAt != nil } else { false }
  }

  /// Above every epoch that was heard of; `nil` when there is no such number.
  package var nextEpoch: Int? { LeaseEpoch.isSane(known + 1) ? known + 1 : nil }

  /// Whether a change that is made at this moment may be acknowledged.
  ///
  /// - Parameter now: of the clock of `observe`.
  package func mayAcknowledge(at now: Duration) -> Bool {
    confirmedAt.map { timing.covers($0, at: now) } ?? false
  }

  /// Whether the holder should have renewed the lease by now.
  package func isRenewalDue(at now: Duration) -> Bool {
    if case .holding(let tenure) = phase { now - tenure.writtenAt >= timing.renewal } else { false }
  }

  /// Takes in that an epoch was used, as a dump says.
  package mutating func know(epoch: Int) {
    if LeaseEpoch.isSane(epoch) { known = max(known, epoch) }
  }

  /// Takes in that an epoch was claimed on the volume, or was about to be.
  package mutating func know(claimedEpoch epoch: Int) {
    know(epoch: epoch)
    hadLease = true
  }

  /// Takes in what a look shows.
  ///
  /// - Parameter now: of a steady clock, from before the look.
  package mutating func observe(_ look: LeaseLook, now: Duration) -> Action {
    know(epoch: look.highestEpoch)
    if let past = look.past { know(claimedEpoch: past.epoch) }
    hadLease = hadLease || look.lease != .absent || look.highestClaim > 0
    switch phase {
    case .watching(let watch): return observe(look, watch, now: now)
    case .claimed(let claim): return observe(look, claim, now: now)
    case .holding(let tenure): return observe(look, tenure, now: now)
    case .ended: return .wait
    }
  }

  /// The volume took a write of this process.
  package mutating func prepared() {
    guard case .watching(var watch) = phase else { return }
    watch.preparedAt = watch.watched
    phase = .watching(watch)
  }

  /// The watch begins anew. What was to be written could not be, and a holder that could not write either gets its time to do
  /// so; or another process was at work since the look.
  package mutating func watchAnew() {
    if case .watching = phase { phase = .watching(Watch()) }
  }

  /// The claim was made, and nobody else has it.
  ///
  /// A holder of a lower epoch goes on as the holder without a gap, under the new one.
  package mutating func claimed(_ epoch: Int) {
    know(claimedEpoch: epoch)
    switch phase {
    case .watching(let watch): phase = .claimed(Claim(epoch: epoch, replaced: watch.seen?.lease))
    case .holding(var tenure) where tenure.epoch < epoch:
      tenure.raisedFrom = tenure.raisedFrom ?? tenure.epoch
      tenure.epoch = epoch
      phase = .holding(tenure)
    case .claimed, .holding, .ended: break
    }
  }

  /// Another was faster with the claim.
  package mutating func claimFailed(_ epoch: Int) {
    contested = max(contested, epoch)
    know(claimedEpoch: epoch)
    phase = .watching(Watch())
  }

  /// `lease.json` was written. Whether it stays so the next look shows.
  ///
  /// - Parameter now: from before the write.
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

  /// Gives the lease up, if there is one to give up. From then on nothing is done any more.
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
  private mutating func lose(_ look: LeaseLook, now: Duration) -> Action {
    observe(look, Watch(), now: now)
  }

  private mutating func observe(_ look: LeaseLook, _ before: Tenure, now: Duration) -> Action {
    if look.isOver(before.epoch, of: holder) { return lose(look, now: now) }
    if let from = before.raisedFrom, look.hasTaker(between: from, and: before.epoch, otherThan: holder) {
      return lose(look, now: now)
    }
    var tenure = before
    tenure.raisedFrom = nil
    let isOurs = look.record?.epoch == tenure.epoch
    // Others see this renewal, and nobody had claimed the lease when this look began.
    if isOurs, look.record?.renewal == tenure.renewal { tenure.confirmedAt = tenure.writtenAt }
    phase = .holding(tenure)
    // Someone removed the claim. Without it others could give the epoch out again.
    if !look.claims.contains(tenure.epoch) { return .claim(epoch: tenure.epoch) }
    return isOurs && now - tenure.writtenAt < timing.renewal
      ? .wait : .write(epoch: tenure.epoch, renewal: tenure.renewal + 1, isReleased: false)
  }

  private mutating func observe(_ look: LeaseLook, _ before: Claim, now: Duration) -> Action {
    if look.isOver(before.epoch, of: holder) { return lose(look, now: now) }
    var claim = before
    if let record = look.record, record.epoch == claim.epoch {
      let writtenAt = claim.writtenAt ?? now
      phase = .holding(
        Tenure(epoch: claim.epoch, renewal: record.renewal, writtenAt: writtenAt, confirmedAt: writtenAt))
      return look.claims.contains(claim.epoch) ? .wait : .claim(epoch: claim.epoch)
    }
    // The holder before was alive after the decision. It may acknowledge changes until its own confidence ends, or until it sees
    // the claim, which is there now.
    if claim.safeAt == nil, let replaced = claim.replaced, look.lease != replaced {
      claim.safeAt = now + timing.confidence
    }
    phase = .claimed(claim)
    if let safeAt = claim.safeAt, now < safeAt { return .wait }
    return .write(epoch: claim.epoch, renewal: 0, isReleased: false)
  }

  private mutating func observe(_ look: LeaseLook, _ before: Watch, now: Duration) -> Action {
    var watch = before
    let claim = max(look.highestClaim, contested)
    if let seen = watch.seen, seen == (look.lease, claim, look.past) {
      watch.watched += min(now - watch.lookedAt, timing.longestGap)
    } else {
      watch.seen = (look.lease, claim, look.past)
      watch.watched = .zero
      watch.preparedAt = nil
    }
    watch.lookedAt = now
    phase = .watching(watch)
    guard let nextEpoch else { return .wait }
    if isFree(look, claim) { return .claim(epoch: nextEpoch) }
    guard let preparedAt = watch.preparedAt else {
      return watch.watched >= timing.watch - timing.proof ? .prepare(epoch: nextEpoch) : .wait
    }
    // A holder that could not write either has had the time to renew the lease since.
    return watch.watched >= timing.watch && watch.watched >= preparedAt + timing.proof
      ? .claim(epoch: nextEpoch) : .wait
  }

  /// Whether the lease can be taken without watching it for long.
  private func isFree(_ look: LeaseLook, _ claim: Int) -> Bool {
    switch look.lease {
    // A new volume. Else someone removed the file, and its holder may live.
    case .absent: claim == 0 && !hadLease
    // With a claim above it someone is about to take it; whether that one lives says nothing of the holder.
    case .record(let record): claim <= record.epoch && (record.isReleased || look.isHolderDead)
    case .damaged: false
    }
  }
}
