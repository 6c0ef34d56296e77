package import Clocks

/// Where a process stands with the lease of its volume.
package enum LeaseRole: Sendable, Equatable {
  /// The volume was not looked at yet.
  case unknown
  case holding(epoch: Int)
  /// - Parameter holder: who has it, as far as that is known.
  case standby(holder: LeaseRecord?)
  /// It was given up.
  case ended
}

/// Keeps a process's lease: does on the volume what `LeaseState` decides. Every call can hang with the volume.
package struct LeaseKeeper: ~Copyable, Sendable {
  private let volume: LeaseVolume
  package let timing: LeaseTiming
  private let steady: @Sendable () -> Duration
  private let wall: WallClock
  private let highestEpochOfDumps: @Sendable () throws -> Int
  private var state: LeaseState
  private var claim: LeaseClaim?
  /// The record of an epoch that is to be claimed, with that epoch.
  private var draft: LeaseDraft?
  private var acquiredAt = ""
  private var predecessor: LeasePredecessor?
  private var hasLooked = false
  private var knowsDumps = false
  /// Why the volume did not take what a take-over needs, and the lease as it was then. It stays true until the next try, or until
  /// another could write.
  private var refusal: (error: any Error, seen: LeaseSighting)?
  /// Where it stands after the last turn.
  package private(set) var role = LeaseRole.unknown
  /// What stood in the place of `lease.json` and could not be one, under the name that it has now.
  package private(set) var movedAside: String?

  /// - Parameters:
  ///   - steady: a clock that only goes forward.
  ///   - wall: for what people read in the file.
  ///   - highestEpochOfDumps: 0 when none tells.
  package init(
    volume: LeaseVolume, timing: LeaseTiming = .standard, steady: @escaping @Sendable () -> Duration = SteadyClock.now,
    wall: WallClock = .system, highestEpochOfDumps: @escaping @Sendable () throws -> Int
  ) {
    self.volume = volume
    self.timing = timing
    self.steady = steady
    self.wall = wall
    self.highestEpochOfDumps = highestEpochOfDumps
    state = LeaseState(holder: volume.holder, timing: timing)
  }

  /// When the next turn is due. A holder that could not renew tries again sooner than anybody could take the lease.
  package var pause: Duration {
    state.epoch == nil || state.isRenewalDue(at: steady()) ? timing.poll : timing.holderPoll
  }

  /// When the write began that last showed that the lease is held, by the steady clock; `nil`: it is not held.
  package var confirmedAt: Duration? { state.confirmedAt }

  /// Looks, and does what is to be done until there is nothing.
  package mutating func turn() throws {
    // Each action is followed by a look. More in a row than a take-over needs: others interfere, the next turn goes on.
    for _ in 0..<6 {
      let now = steady()
      let look = try look()
      if !knowsDumps { try countDumps() }
      let action = state.observe(look, now: now)
      stand(look)
      if refusal?.seen != look.lease { refusal = nil }
      if !state.isPrepared, state.epoch == nil { draft = nil }
      switch action {
      case .wait:
        if let epoch = state.epoch {
          volume.removeClaims(look.claims, below: epoch)
        } else if state.nextEpoch == nil, role != .ended {
          throw volume.lastEpoch
        } else if let refusal {
          throw refusal.error
        }
        return
      case .prepare(let epoch):
        try noting(look) { keeper in try keeper.prepare(epoch) }
      case .claim(let epoch):
        try noting(look) { keeper in try keeper.take(epoch, look) }
      case .write(let epoch, let renewal, let isReleased):
        movedAside =
          try volume.replace(with: draft.take() ?? volume.draft(record(epoch, renewal, isReleased))) ?? movedAside
        state.wrote(epoch: epoch, renewal: renewal, now: now)
      }
    }
  }

  /// Moves a lease that is held to an epoch above another one, without letting it go. A turn must follow.
  ///
  /// - Parameter other: that a dump names which this lease did not give out.
  /// - Returns: the new epoch, which is held from then on; `nil` when nothing was moved.
  package mutating func raise(above other: Int) throws -> Int? {
    guard let held = state.epoch, held <= other else { return nil }
    // Another may have taken it since the last look; the turn looks again for one that comes between this look and the claim.
    guard try !volume.look().isOver(held, of: volume.holder) else { return nil }
    state.know(epoch: other)
    // Another may be about to claim the next epoch; then it is one higher.
    for _ in 0..<3 {
      guard let epoch = state.nextEpoch else { return nil }
      try make(epoch)
      guard state.epoch == epoch else { continue }
      // Now, as the turn can fail: with the claim the epoch is ours.
      role = .holding(epoch: epoch)
      return epoch
    }
    return nil
  }

  /// Gives the lease up, so that another can take it at once. Nothing happens when it is not held.
  package mutating func end() throws {
    role = .ended
    draft = nil
    defer { claim = nil }
    guard case .write(let epoch, let renewal, let isReleased) = state.end() else { return }
    // Another may have taken it since the last look.
    guard try !volume.look().isOver(epoch, of: volume.holder) else { return }
    _ = try volume.replace(with: volume.draft(record(epoch, renewal, isReleased)))
  }

  /// Looks, and before the first look makes the directory if it could not be made at the start. One that is gone later may belong to
  /// a mount that is gone: a new one in its place would be on another volume.
  private mutating func look() throws -> LeaseLook {
    do throws(DumpDirectoryError) {
      let look = try volume.look()
      hasLooked = true
      return look
    } catch {
      guard !hasLooked, error.code == .notFound, error.path == volume.directory else { throw error }
      if role == .unknown { role = .standby(holder: nil) }
      try volume.makeDirectory()
      return try volume.look()
    }
  }

  /// Keeps in mind why the volume did not take what a take-over needs.
  private mutating func noting(_ look: LeaseLook, _ action: (inout LeaseKeeper) throws -> Void) throws {
    refusal = nil
    do {
      try action(&self)
    } catch {
      refusal = (error, look.lease)
      throw error
    }
  }

  private mutating func countDumps() throws {
    state.know(epoch: try highestEpochOfDumps())
    knowsDumps = true
  }

  private mutating func prepare(_ epoch: Int) throws {
    do {
      draft = try volume.draft(record(epoch, 0, false))
      state.prepared()
    } catch {
      state.watchAnew()
      throw error
    }
  }

  /// - Parameter look: by which it was decided.
  private mutating func take(_ epoch: Int, _ look: LeaseLook) throws {
    if state.epoch == epoch { return try renewClaim(epoch) }
    // Where `lease.json` is lost the dumps still tell which epochs there were.
    if look.record == nil {
      try countDumps()
      guard state.nextEpoch == epoch else { return state.watchAnew() }
    }
    acquiredAt = time(after: .zero)
    predecessor = look.record.map(LeasePredecessor.init)
    do {
      try make(epoch)
    } catch {
      state.watchAnew()
      throw error
    }
  }

  /// Makes the claim of an epoch, and what must be on the volume before it.
  private mutating func make(_ epoch: Int) throws {
    // First what needs room: a full volume must not cost the present holder its lease. A draft of a watch is written anew, since
    // it may name another epoch by now.
    draft = try volume.draft(record(epoch, 0, false))
    if let other = try volume.announce(epoch) {
      draft = nil
      // Another announced it, and may have died before its claim.
      state.know(claimedEpoch: other)
      state.watchAnew()
      return
    }
    if let claim = try volume.claim(epoch) {
      self.claim = claim
      state.claimed(epoch)
    } else {
      draft = nil
      state.claimFailed(epoch)
    }
  }

  /// The claim of the epoch that is held is gone: makes it again, unless another has it now.
  private mutating func renewClaim(_ epoch: Int) throws {
    if let claim, volume.isInPlace(claim, epoch) { return }
    if let renewed = try volume.claim(epoch) {
      claim = renewed
    } else {
      state.claimFailed(epoch)
    }
  }

  private mutating func stand(_ look: LeaseLook) {
    // A dump that was about to move the lease comes later than its end.
    guard role != .ended else { return }
    if let epoch = state.epoch {
      role = .holding(epoch: epoch)
    } else {
      // One that is known to have ended holds nothing.
      role = .standby(holder: look.isHolderDead ? nil : look.record)
    }
  }

  private func record(_ epoch: Int, _ renewal: Int, _ isReleased: Bool) -> LeaseRecord {
    LeaseRecord(
      holder: volume.holder, epoch: epoch, renewal: renewal, isReleased: isReleased, acquiredAt: acquiredAt,
      expiresAt: time(after: isReleased ? .zero : timing.watch), predecessor: predecessor)
  }

  private func time(after duration: Duration) -> String {
    let now = wall.now()
    return CivilTime(unixSeconds: now.seconds + duration.milliseconds / 1000).extended(microseconds: now.microseconds)
  }
}
