/// How long the parts of a lease's life take.
package struct LeaseTiming: Sendable {
  /// Between two looks of one who waits for the lease.
  package let poll: Duration
  /// Between two looks of the holder.
  package let holderPoll: Duration
  /// Between two renewals.
  package let renewal: Duration
  /// An unchanged lease is watched this long before it is taken.
  package let watch: Duration
  /// One look counts for at most this long: who was frozen, or hung on the volume, has not watched meanwhile.
  package let longestGap: Duration

  /// After a crash the next one writes within `watch` and a few looks, far less than 30 s.
  package static let standard = LeaseTiming(
    poll: .milliseconds(250), holderPoll: .seconds(1), renewal: .seconds(3), watch: .seconds(15),
    longestGap: .seconds(1))
}

/// The lease as one process sees it: what it knows, and what it does next. Acts on nothing itself.
///
/// An epoch belongs to who created its claim, which only one can. Whoever sees a claim above its own has lost, and whoever
/// claims looks once more before it writes. So two never hold the same epoch, however late their looks and writes come.
package struct LeaseState: Sendable {
  /// What is to be done; after it, or its failure, the volume is looked at again.
  package enum Action: Sendable, Equatable {
    case wait
    /// Make the claim of this epoch, which nobody else may have.
    case claim(epoch: Int)
    /// Put this into `lease.json`.
    case write(epoch: Int, renewal: Int, isReleased: Bool)
  }

  private struct Watch: Sendable {
    var seen: (lease: LeaseSighting, highestClaim: Int)?
    /// How long it has been so, as far as it was watched.
    var watched = Duration.zero
    var lookedAt = Duration.zero
    var looks = 0
  }

  private enum Phase: Sendable {
    case watching(Watch)
    /// The epoch is ours, and `lease.json` does not say so yet.
    case claimed(epoch: Int)
    case holding(epoch: Int, renewal: Int, writtenAt: Duration)
    case ended
  }

  package let holder: LeaseHolder
  private let timing: LeaseTiming
  private var phase = Phase.watching(Watch())
  /// The highest epoch that was ever heard of.
  private var known = 0
  /// An epoch that another claimed before us, although a look may not show it yet.
  private var contested = 0

  package init(holder: LeaseHolder, timing: LeaseTiming = .standard) {
    self.holder = holder
    self.timing = timing
  }

  /// The epoch that is held.
  package var epoch: Int? {
    if case .holding(let epoch, _, _) = phase { epoch } else { nil }
  }

  /// Above every epoch that was heard of; `nil` when there is no such number.
  package var nextEpoch: Int? { LeaseEpoch.isSane(known + 1) ? known + 1 : nil }

  /// Takes in that an epoch was used, as a dump says.
  package mutating func know(epoch: Int) {
    if LeaseEpoch.isSane(epoch) { known = max(known, epoch) }
  }

  /// Takes in what a look shows.
  ///
  /// - Parameter now: of a steady clock, from before the look.
  package mutating func observe(_ look: LeaseLook, now: Duration) -> Action {
    know(epoch: look.highestEpoch)
    switch phase {
    case .watching(let watch):
      return observe(look, watch, now: now)
    case .claimed(let epoch):
      if look.isOver(epoch, of: holder) { return watchAnew(look, now: now) }
      guard let record = look.record, record.epoch == epoch else {
        return .write(epoch: epoch, renewal: 0, isReleased: false)
      }
      phase = .holding(epoch: epoch, renewal: record.renewal, writtenAt: now)
      return .wait
    case .holding(let epoch, let renewal, let writtenAt):
      if look.isOver(epoch, of: holder) { return watchAnew(look, now: now) }
      let isOurs = look.record?.epoch == epoch
      return isOurs && now - writtenAt < timing.renewal
        ? .wait : .write(epoch: epoch, renewal: renewal + 1, isReleased: false)
    case .ended:
      return .wait
    }
  }

  /// The claim was made, and nobody else has it.
  ///
  /// Who holds a lower epoch goes on as the holder without a gap, under the new one.
  package mutating func claimed(_ epoch: Int) {
    know(epoch: epoch)
    switch phase {
    case .watching: phase = .claimed(epoch: epoch)
    case .holding(let held, let renewal, let writtenAt) where held < epoch:
      phase = .holding(epoch: epoch, renewal: renewal, writtenAt: writtenAt)
    case .claimed, .holding, .ended: break
    }
  }

  /// Another was faster with the claim.
  package mutating func claimFailed(_ epoch: Int) {
    contested = max(contested, epoch)
    know(epoch: epoch)
    phase = .watching(Watch(looks: 1))
  }

  /// `lease.json` was written. Whether it stays so the next look shows.
  package mutating func wrote(epoch: Int, renewal: Int, now: Duration) {
    if case .holding(epoch, _, _) = phase { phase = .holding(epoch: epoch, renewal: renewal, writtenAt: now) }
  }

  /// Gives the lease up, if there is one to give up. From then on nothing is done any more.
  package mutating func end() -> Action {
    defer { phase = .ended }
    switch phase {
    case .claimed(let epoch): return .write(epoch: epoch, renewal: 0, isReleased: true)
    case .holding(let epoch, let renewal, _): return .write(epoch: epoch, renewal: renewal + 1, isReleased: true)
    case .watching, .ended: return .wait
    }
  }
}

extension LeaseState {
  private mutating func watchAnew(_ look: LeaseLook, now: Duration) -> Action {
    observe(look, Watch(looks: 1), now: now)
  }

  private mutating func observe(_ look: LeaseLook, _ before: Watch, now: Duration) -> Action {
    var watch = before
    let claim = max(look.highestClaim, contested)
    if let seen = watch.seen, seen == (look.lease, claim) {
      watch.watched += min(now - watch.lookedAt, timing.longestGap)
    } else {
      watch.seen = (look.lease, claim)
      watch.watched = .zero
    }
    watch.lookedAt = now
    watch.looks += 1
    phase = .watching(watch)
    guard isFree(look, claim, watch), let nextEpoch else { return .wait }
    return .claim(epoch: nextEpoch)
  }

  private func isFree(_ look: LeaseLook, _ claim: Int, _ watch: Watch) -> Bool {
    if watch.watched >= timing.watch { return true }
    switch look.lease {
    // A new volume. Later it means that someone removed the file, whose holder may live.
    case .absent: return look.isHolderDead || claim == 0 && watch.looks == 1
    // A claim above it: someone is about to take it.
    case .record(let record): return look.isHolderDead || record.isReleased && claim <= record.epoch
    case .damaged: return false
    }
  }
}
