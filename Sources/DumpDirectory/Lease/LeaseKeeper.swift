package import Clocks

/// A process's role with the lease of its directory.
package enum LeaseRole: Sendable, Equatable {
  /// The lease was not read yet.
  case unknown
  case holding(epoch: Int)
  /// Another process holds the lease, or this process waits to take it.
  ///
  /// - Parameter holder: the lease's record, or `nil` when the holder is unknown or there is none.
  case standby(holder: LeaseRecord?)
  /// This process gave up the lease, or stopped trying to get it.
  case ended
}

/// Keeps a process's lease: it carries out on the volume what `LeaseState` decides. Every operation can hang with the
/// volume.
package struct LeaseKeeper: ~Copyable, Sendable {
  private let volume: LeaseVolume
  /// The intervals by which the lease is read, renewed and taken.
  package let timing: LeaseTiming
  private let steady: @Sendable () -> Duration
  private let wall: WallClock
  private let highestEpochOfDumps: @Sendable () throws -> Int
  private let address: @Sendable () -> LeaseAddress?
  private var state: LeaseState
  private var claim: LeaseClaim?
  /// The record of an epoch that is to be claimed, written to the volume.
  private var draft: LeaseDraft?
  private var acquiredAt = ""
  private var predecessor: LeasePredecessor?
  private var hasRead = false
  private var hasCountedDumps = false
  /// The error of the last failed attempt to take the lease, and the lease's file at that time. It is kept until the
  /// next attempt, or until another process could write.
  private var refusal: (error: any Error, seen: LeaseFileState)?
  /// The role after the last step.
  package private(set) var role = LeaseRole.unknown
  /// The new path of a directory that had the name `lease.json` and was renamed.
  package private(set) var movedAside: String?

  /// Creates a keeper that has not read the lease yet.
  ///
  /// - Parameters:
  ///   - steady: a clock that only goes forward.
  ///   - wall: the clock for the times in the file, which are only for people.
  ///   - address: the port at which other tasks reach this process, as each record states it.
  ///   - highestEpochOfDumps: reads the highest epoch of the directory's dumps, 0 when none has one.
  package init(
    volume: LeaseVolume, timing: LeaseTiming = .standard, steady: @escaping @Sendable () -> Duration = SteadyClock.now,
    wall: WallClock = .system, address: @escaping @Sendable () -> LeaseAddress? = { nil },
    highestEpochOfDumps: @escaping @Sendable () throws -> Int
  ) {
    self.volume = volume
    self.timing = timing
    self.steady = steady
    self.wall = wall
    self.address = address
    self.highestEpochOfDumps = highestEpochOfDumps
    state = LeaseState(holder: volume.holder, timing: timing)
  }

  /// The time until the next step. A holder that could not renew the lease tries again sooner than another process
  /// could take it.
  package var pause: Duration {
    state.epoch == nil || state.isRenewalDue(at: steady()) ? timing.poll : timing.holderPoll
  }

  /// When the last confirmed write of the lease began, by the steady clock, or `nil` when the lease is not held.
  package var confirmedAt: Duration? { state.confirmedAt }

  /// Reads the lease and acts on it, until nothing is left to do.
  package mutating func step() throws {
    // The lease is read again after each action. Taking it needs fewer actions than this limit; if other processes
    // interfere, the next step continues.
    for _ in 0..<6 {
      let now = steady()
      let reading = try readLease()
      if !hasCountedDumps { try countDumps() }
      let action = state.observe(reading, now: now)
      updateRole(reading)
      if refusal?.seen != reading.lease { refusal = nil }
      if !state.isPrepared, state.epoch == nil { draft = nil }
      switch action {
      case .wait:
        if let epoch = state.epoch {
          volume.removeClaims(reading.claims, below: epoch)
        } else if state.nextEpoch == nil, role != .ended {
          throw volume.lastEpoch
        } else if let refusal {
          throw refusal.error
        }
        return
      case .prepare(let epoch):
        try noting(reading) { keeper in try keeper.prepare(epoch) }
      case .claim(let epoch):
        try noting(reading) { keeper in try keeper.take(epoch, reading) }
      case .write(let epoch, let renewal, let isReleased):
        movedAside =
          try volume.replace(with: draft.take() ?? volume.draft(record(epoch, renewal, isReleased))) ?? movedAside
        state.wrote(epoch: epoch, renewal: renewal, now: now)
      }
    }
  }

  /// Moves a held lease to an epoch above another one, without giving it up. A step must follow.
  ///
  /// - Parameter other: an epoch that a dump names, but that this lease did not assign.
  /// - Returns: the new epoch, which is held from then on, or `nil` when the lease was not moved.
  package mutating func raise(above other: Int) throws -> Int? {
    guard let held = state.epoch, held <= other else { return nil }
    // Another process may have taken the lease since it was last read. If one takes it between this check and the
    // claim, the next step detects that.
    guard try !volume.readLease().isLost(held, by: volume.holder) else { return nil }
    state.noteUsed(epoch: other)
    // If another process has announced the next epoch, the following attempt uses a higher one.
    for _ in 0..<3 {
      guard let epoch = state.nextEpoch else { return nil }
      try createClaim(of: epoch)
      guard state.epoch == epoch else { continue }
      // The role changes now, because the following step can fail: the claim already makes the epoch ours.
      role = .holding(epoch: epoch)
      return epoch
    }
    return nil
  }

  /// Gives up the lease, so that another process can take it at once. It does nothing when the lease is not held.
  package mutating func end() throws {
    role = .ended
    draft = nil
    defer { claim = nil }
    guard case .write(let epoch, let renewal, let isReleased) = state.end() else { return }
    // Another process may have taken the lease since it was last read.
    guard try !volume.readLease().isLost(epoch, by: volume.holder) else { return }
    _ = try volume.replace(with: volume.draft(record(epoch, renewal, isReleased)))
  }

  /// Reads the lease. Before the first successful read it creates the directory if that was not possible at the start.
  /// A directory that disappears later may belong to a mount that is gone; a new one would be on another volume.
  private mutating func readLease() throws -> LeaseReading {
    do throws(DumpDirectoryError) {
      let reading = try volume.readLease()
      hasRead = true
      return reading
    } catch {
      guard !hasRead, error.code == .notFound, error.path == volume.directory else { throw error }
      if role == .unknown { role = .standby(holder: nil) }
      try volume.makeDirectory()
      return try volume.readLease()
    }
  }

  /// Runs an action, and stores its error for later steps.
  private mutating func noting(_ reading: LeaseReading, _ action: (inout LeaseKeeper) throws -> Void) throws {
    refusal = nil
    do {
      try action(&self)
    } catch {
      refusal = (error, reading.lease)
      throw error
    }
  }

  private mutating func countDumps() throws {
    state.noteUsed(epoch: try highestEpochOfDumps())
    hasCountedDumps = true
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

  /// Claims an epoch.
  ///
  /// - Parameter reading: the reading on which the decision is based.
  private mutating func take(_ epoch: Int, _ reading: LeaseReading) throws {
    if state.epoch == epoch { return try renewClaim(epoch) }
    // If `lease.json` is lost, the dumps still show which epochs existed.
    if reading.record == nil {
      try countDumps()
      guard state.nextEpoch == epoch else { return state.watchAnew() }
    }
    acquiredAt = time(after: .zero)
    predecessor = reading.record.map(LeasePredecessor.init)
    do {
      try createClaim(of: epoch)
    } catch {
      state.watchAnew()
      throw error
    }
  }

  /// Creates the claim of an epoch, and before it the files that must exist.
  private mutating func createClaim(of epoch: Int) throws {
    // The files that need space come first: a full volume must not cost the present holder its lease. The draft is
    // written anew, since the epoch can have changed.
    draft = try volume.draft(record(epoch, 0, false))
    if let other = try volume.announce(epoch) {
      draft = nil
      // Another process announced the epoch, and may have died before it created the claim.
      state.noteClaimed(epoch: other)
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

  /// Creates the missing claim of the held epoch again, unless another process has it now.
  private mutating func renewClaim(_ epoch: Int) throws {
    if let claim, volume.isInPlace(claim, epoch) { return }
    if let renewed = try volume.claim(epoch) {
      claim = renewed
    } else {
      state.claimFailed(epoch)
    }
  }

  private mutating func updateRole(_ reading: LeaseReading) {
    // A dump can move the lease after the lease has ended. The role stays `ended` then.
    guard role != .ended else { return }
    if let epoch = state.epoch {
      role = .holding(epoch: epoch)
    } else {
      var holder = reading.record
      if let record = holder, !canHold(record, reading) { holder = nil }
      role = .standby(holder: holder)
    }
  }

  /// Whether the process of the lease's record can hold the lease. One that is known to have ended can't, and this
  /// process does not: it has lost the lease that is in its name.
  private func canHold(_ record: LeaseRecord, _ reading: LeaseReading) -> Bool {
    guard record.holder.name != volume.holder.name else { return false }
    guard reading.isHolderDead else { return true }
    // A process with a claim above the lease may have ended before it took the lease, which says nothing of the holder.
    let above = reading.claims.filter { $0 > record.epoch }
    guard !above.isEmpty else { return false }
    return !([record.epoch] + above).allSatisfy(volume.isKnownDead(makerOf:))
  }

  private func record(_ epoch: Int, _ renewal: Int, _ isReleased: Bool) -> LeaseRecord {
    LeaseRecord(
      holder: volume.holder, epoch: epoch, renewal: renewal, isReleased: isReleased, acquiredAt: acquiredAt,
      expiresAt: time(after: isReleased ? .zero : timing.watch), predecessor: predecessor,
      address: address())
  }

  private func time(after duration: Duration) -> String {
    let now = wall.now()
    return CivilTime(unixSeconds: now.seconds + duration.milliseconds / 1000).extended(microseconds: now.microseconds)
  }
}
