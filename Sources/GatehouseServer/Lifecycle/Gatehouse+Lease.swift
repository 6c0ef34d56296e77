import DumpDirectory
import Logging
import Persistence

/// The gateway's handling of the lease: standing by, taking over, and losing the lease.
extension Gatehouse {
  /// The time limit for releasing the lease. If the volume takes longer, other tasks wait until the lease times out.
  private static let farewell = Duration.seconds(2)

  /// Accepts the lease for the state that was just loaded, or logs that this task is on standby.
  ///
  /// - Parameter role: the role before the state was loaded.
  func acceptLease(as role: LeaseRole) async {
    await dumper.countChanges()
    if case .holding(let epoch) = role { lease.accept(epoch: epoch) }
    if let epoch = lease.epoch {
      journal?.activate(epoch: epoch)
      logger.notice("took the lease", metadata: ["lease.epoch": .stringConvertible(epoch)])
    } else {
      logger.warning("standby: \(lease.explanation(handsOn: peers != nil))", metadata: lease.role.metadata)
    }
    await takeLimits()
  }

  /// Handles changes of the lease's role until the lease ends. While another task holds the lease, its changes are
  /// followed.
  func watchLease() async -> Event {
    var epoch = lease.epoch
    var following = startFollowing()
    defer { following?.cancel() }
    for await role in lease.roles {
      // A dump raised the lease's epoch. No other task held the lease meanwhile.
      if epoch != nil, let raised = lease.epoch, role == .holding(epoch: raised) {
        epoch = raised
        continue
      }
      if let held = epoch, role != .holding(epoch: held), role != .ended {
        await reportLoss(of: held, to: role)
        // Another task had the lease, and may have given it up again: this state may be an old one.
        if follower != nil { state.follow() }
        epoch = nil
      }
      following = following ?? startFollowing()
      guard case .holding(let new) = role, new != epoch else { continue }
      following?.cancel()
      await following?.value
      following = nil
      if await takeOver(new) { epoch = new }
    }
    return .ended
  }

  private func startFollowing() -> Task<Void, Never>? {
    let role = lease.role
    guard let follower, case .standby = role, role.holderEpoch != nil || state.followed.isFollowed else { return nil }
    return Task { await follow(follower) }
  }

  func giveUpLease() async {
    _ = await lease.end(within: Self.farewell)
  }

  /// Restores the newest state from the dump directory, and begins to accept changes.
  ///
  /// - Returns: whether this task still held the lease at the end.
  private func takeOver(_ epoch: Int) async -> Bool {
    state.beginTakeOver()
    defer { state.endTakeOver() }
    var trouble = ""
    while lease.role == .holding(epoch: epoch) {
      do {
        let restored = try await restoreNewer(epoch)
        if restored == nil { await deposed.clear() }
        lease.accept(epoch: epoch)
        state.acceptState()
        journal?.activate(epoch: epoch)
        logger.notice(
          "took over the lease",
          metadata: [
            "lease.epoch": .stringConvertible(epoch),
            "dump.path": "\(restored?.path ?? "none: the state here is the newest")",
          ])
        await takeLimits()
        if let follower {
          await follower.end()
          try installer.startFresh()
          await installer.accounts.setPasswords(dumper)
        }
        return true
      } catch {
        if "\(error)" != trouble {
          trouble = "\(error)"
          logger.error(
            "took over the lease, but the newest dump can't be restored; changes are refused until it can",
            metadata: ["lease.epoch": .stringConvertible(epoch), "error": "\(error)"])
        }
        // If a stop cancels the sleep, it also releases the lease, which ends the loop.
        try? await Task.sleep(for: .seconds(1))
      }
    }
    return false
  }

  /// Restores the newest valid dump, unless the present state came from it.
  private func restoreNewer(_ epoch: Int) async throws -> Ladder.Restored? {
    if let follower, try await continueFollowed(follower, epoch: epoch) != nil { return nil }
    let origin = await dumper.origin
    guard try await !isNewest(origin) else { return nil }
    switch try await restorer.restoreNewest(allowsOlder: configuration.memory.allowsOlderStart) {
    case .restored(let restored, let passedOver):
      report(passedOver)
      try await deposed.saveBeforeReplacing()
      try await installer.replaceByOtherTask(restored, restorer: restorer)
      return restored
    case .nothingThere:
      // The files of this state are gone, so journals would go on from nothing.
      if origin != nil || journal?.newest != nil { journal?.begin(with: nil) }
      return nil
    case .blocked(let failure, let passedOver):
      report(passedOver)
      throw Blocked(failure: failure)
    case .noneLoads(let failures):
      if let failure = failures.first(where: \.fault.blocks), !configuration.memory.allowsOlderStart {
        throw Blocked(failure: failure)
      }
      report(failures)
      journal?.begin(with: nil)
      logger.error("none of the dumps can be loaded; going on with the state of this task")
      return nil
    }
  }

  /// Whether the present state is the newest of the directory.
  private func isNewest(_ origin: Dumper.Origin?) async throws -> Bool {
    let (newest, journalEnd) = (try await restorer.newest(), try await restorer.newestJournal())
    if let newest, newest.path != origin?.path { return false }
    guard let journal else { return newest != nil }
    guard let journalEnd else { return newest != nil || origin == nil && journal.newest == nil }
    return journal.newest.map { $0 == journalEnd } ?? false
  }

  private func reportLoss(of epoch: Int, to role: LeaseRole) async {
    journal?.deactivate()
    await loseLimits()
    guard journal?.acknowledgesLater != true else {
      logger.error(
        "lost the lease: another task took it. The journal has every change that was acknowledged here",
        metadata: role.metadata.merging(["lease.lost.epoch": .stringConvertible(epoch)]) { $1 })
      return
    }
    let origin = await dumper.origin
    let since = origin.map { "the dump \($0.path) of \($0.createdAt)" } ?? "the start, as there was no dump,"
    let changes = await dumper.unsavedChanges
    logger.error(
      "lost the lease: another task took it. Changes since \(since) are only here and lost to the other",
      metadata: role.metadata.merging([
        "lease.lost.epoch": .stringConvertible(epoch), "changes": .stringConvertible(changes),
      ]) { $1 })
    _ = await deposed.save()
  }
}
