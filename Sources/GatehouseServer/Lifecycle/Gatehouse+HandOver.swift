import Clocks
import DocumentStore
import Logging
import Peers
import Persistence

extension Gatehouse {
  /// Leaves the state to a task on standby, if one lives that is current. The volume has every change in the newest
  /// dump and the journals behind it, so no last dump is needed. From then on no change is acknowledged here.
  ///
  /// - Returns: whether the lease can be released.
  func handOver() async -> Bool {
    guard let peers, let journal, lease.epoch != nil, lease.unconfirmedFor == nil, peers.standbys.hasCurrent else {
      return false
    }
    let start = SteadyClock.now()
    state.seal()
    // A writer that was permitted before has committed when this turn comes.
    _ = store.write { _ in }
    do {
      let isClosed = try await journal.end(through: store.snapshot().sequence)
      if !isClosed {
        // The commits are what the lease promises. A task that goes on from here names the place behind the last one.
        logger.warning("the journal has every change, but the volume did not let it be closed in time")
      }
    } catch {
      logger.warning(
        "the journal does not have the last changes, so no task on standby can go on from it; the last dump is written",
        metadata: ["error": "\(error)"])
      return false
    }
    state.markSaved()
    logger.notice(
      "stopped without a last dump: the journal has every change, and a task on standby goes on",
      metadata: [
        "standbys": .stringConvertible(peers.standbys.count),
        "duration.ms": .stringConvertible((SteadyClock.now() - start).milliseconds),
      ])
    return true
  }

  /// The time for which this task answers after it has given up the lease, unless another has it sooner.
  private static let stay = Duration.seconds(2)
  /// The time in which every task learns that another one holds the lease.
  private static let spread = Duration.milliseconds(300)

  /// Stays until another task has the lease. A change that a standby sends here meanwhile is refused in an answer, and
  /// waits there; a connection that broke would leave it open whether it was made.
  func waitForSuccessor() async {
    let deadline = SteadyClock.now() + Self.stay
    while SteadyClock.now() < deadline, !state.isHurried {
      if await lease.hasSuccessor(within: deadline - SteadyClock.now()) {
        try? await Task.sleep(for: Self.spread)
        return
      }
      try? await Task.sleep(for: .milliseconds(10))
    }
  }
}
