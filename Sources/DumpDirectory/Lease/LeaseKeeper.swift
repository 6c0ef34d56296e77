package import Clocks

/// Where a process stands with the lease of its volume.
package enum LeaseStanding: Sendable, Equatable {
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
  private let timing: LeaseTiming
  private let steady: @Sendable () -> Duration
  private let wall: WallClock
  private let highestEpochOfDumps: @Sendable () throws -> Int
  private var state: LeaseState
  private var claim: LeaseClaim?
  /// The record of an epoch that is being claimed.
  private var draft: LeaseDraft?
  private var acquiredAt = ""
  private var knowsDumps = false
  /// Where it stands after the last turn.
  package private(set) var standing = LeaseStanding.unknown

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

  /// When the next turn is due.
  package var pause: Duration { state.epoch == nil ? timing.poll : timing.holderPoll }

  /// Looks, and does what is to be done until there is nothing.
  package mutating func turn() throws {
    // Each action is followed by a look. More in a row than a take-over needs: others interfere, the next turn goes on.
    for _ in 0..<6 {
      let now = steady()
      let look = try volume.look()
      if !knowsDumps { try countDumps() }
      let action = state.observe(look, now: now)
      stand(look)
      switch action {
      case .wait:
        if let epoch = state.epoch { volume.removeClaims(look.claims, below: epoch) }
        return
      case .claim:
        // Where `lease.json` is lost the dumps still tell which epochs there were.
        if look.record == nil { try countDumps() }
        guard let epoch = state.nextEpoch else { return }
        try take(epoch)
      case .write(let epoch, let renewal, let isReleased):
        try volume.replace(with: draft.take() ?? volume.draft(record(epoch, renewal, isReleased)))
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
    state.know(epoch: other)
    guard let epoch = state.nextEpoch else { return nil }
    try take(epoch)
    guard state.epoch == epoch else { return nil }
    // Now, as the turn can fail: with the claim the epoch is ours.
    standing = .holding(epoch: epoch)
    return epoch
  }

  /// Gives the lease up, so that another can take it at once. Nothing happens when it is not held.
  package mutating func end() throws {
    standing = .ended
    draft = nil
    defer { claim = nil }
    guard case .write(let epoch, let renewal, let isReleased) = state.end() else { return }
    // Another may have taken it since the last look.
    guard try !volume.look().isOver(epoch, of: volume.holder) else { return }
    try volume.replace(with: volume.draft(record(epoch, renewal, isReleased)))
  }

  private mutating func countDumps() throws {
    state.know(epoch: try highestEpochOfDumps())
    knowsDumps = true
  }

  private mutating func take(_ epoch: Int) throws {
    if state.epoch == nil { acquiredAt = time(after: .zero) }
    // First what needs room: a full volume must not cost the present holder its lease.
    draft = try volume.draft(record(epoch, 0, false))
    claim = try volume.claim(epoch)
    if claim != nil {
      state.claimed(epoch)
    } else {
      draft = nil
      state.claimFailed(epoch)
    }
  }

  private mutating func stand(_ look: LeaseLook) {
    if let epoch = state.epoch {
      standing = .holding(epoch: epoch)
    } else {
      standing = .standby(holder: look.record)
    }
  }

  private func record(_ epoch: Int, _ renewal: Int, _ isReleased: Bool) -> LeaseRecord {
    LeaseRecord(
      holder: volume.holder, epoch: epoch, renewal: renewal, isReleased: isReleased, acquiredAt: acquiredAt,
      expiresAt: time(after: isReleased ? .zero : timing.watch))
  }

  private func time(after duration: Duration) -> String {
    let now = wall.now()
    return CivilTime(unixSeconds: now.seconds + duration.milliseconds / 1000).extended(microseconds: now.microseconds)
  }
}
