import DumpDirectory
import Logging
import Persistence

/// The life of a task beside others on one volume: standing by, taking over, losing.
extension Gatehouse {
  /// Giving the lease up waits this long for the volume; others then wait until it runs out.
  private static let farewell = Duration.seconds(2)

  /// The state is loaded.
  ///
  /// - Parameter role: from before loading it.
  func begin(_ role: LeaseRole) async {
    await dumper.countChanges()
    if case .holding(let epoch) = role { lease.accept(epoch: epoch) }
    if let epoch = lease.epoch {
      logger.notice("took the lease", metadata: ["lease.epoch": .stringConvertible(epoch)])
    } else {
      logger.warning("standby: \(lease.standbySentence)", metadata: lease.role.metadata)
    }
  }

  /// Follows the lease from then on.
  func followLease() async -> Event {
    var epoch = lease.epoch
    for await role in lease.roles {
      // A dump moved the lease to a higher epoch; it was never another's.
      if epoch != nil, let raised = lease.epoch, role == .holding(epoch: raised) {
        epoch = raised
        continue
      }
      if let held = epoch, role != .holding(epoch: held), role != .ended {
        await reportLoss(of: held, to: role)
        epoch = nil
      }
      guard case .holding(let new) = role, new != epoch else { continue }
      if await takeOver(new) { epoch = new }
    }
    return .ended
  }

  func giveUpLease() async {
    _ = await lease.end(within: Self.farewell)
  }

  /// Makes the volume's newest state the present one, and begins to take changes.
  ///
  /// - Returns: whether the lease lasted until then.
  private func takeOver(_ epoch: Int) async -> Bool {
    var trouble = ""
    while lease.role == .holding(epoch: epoch) {
      do {
        let restored = try await restoreNewer()
        if restored == nil { await deposed.forget() }
        lease.accept(epoch: epoch)
        logger.notice(
          "took over the lease",
          metadata: [
            "lease.epoch": .stringConvertible(epoch),
            "dump.path": "\(restored?.path ?? "none: the state here is the newest")",
          ])
        return true
      } catch {
        if "\(error)" != trouble {
          trouble = "\(error)"
          logger.error(
            "took over the lease, but the newest dump can't be restored; changes are refused until it can",
            metadata: ["lease.epoch": .stringConvertible(epoch), "error": "\(error)"])
        }
        // A cancelled sleep ends the loop by the lease, which a stop gives up.
        try? await Task.sleep(for: .seconds(1))
      }
    }
    return false
  }

  /// Restores the newest good dump unless the present state is that of it.
  private func restoreNewer() async throws -> Ladder.Restored? {
    let origin = await dumper.origin
    guard let newest = try await restorer.newest(), newest.path != origin?.path else { return nil }
    switch try await restorer.climb(allowsOlder: configuration.memory.allowsOlderStart) {
    case .restored(let restored, let passedOver):
      report(passedOver)
      guard restored.path != origin?.path else { return nil }
      try await deposed.leaveBehind()
      try await installer.follow(restored, restorer: restorer)
      return restored
    case .nothingThere:
      return nil
    case .blocked(let failure, let passedOver):
      report(passedOver)
      throw Blocked(failure: failure)
    case .noneLoads(let failures):
      if let failure = failures.first(where: \.fault.blocks), !configuration.memory.allowsOlderStart {
        throw Blocked(failure: failure)
      }
      report(failures)
      logger.error("none of the dumps can be loaded; going on with the state of this task")
      return nil
    }
  }

  /// Why a task that holds the lease can't go on with its state.
  private struct Blocked: Error, CustomStringConvertible {
    let failure: Ladder.Failure

    var description: String {
      "\(failure). It may be the newest; put it right, or set MEM_ALLOW_OLDER_START=true and start again to go on without it"
    }
  }

  private func reportLoss(of epoch: Int, to role: LeaseRole) async {
    let origin = await dumper.origin
    let since = origin.map { "the dump \($0.path) of \($0.createdAt)" } ?? "the start, as there was no dump,"
    let changes = await dumper.unsavedChanges
    logger.error(
      "lost the lease: another task took it. Changes since \(since) are only here and lost to the other",
      metadata: role.metadata.merging([
        "lease.lost.epoch": .stringConvertible(epoch), "changes": .stringConvertible(changes),
      ]) { $1 })
    _ = await deposed.keep()
  }
}
