import Clocks
import DumpDirectory
import Logging
import Persistence

/// The part of a task that has no lease: it keeps its state at that of the holder, so that it can serve calls, and take
/// over without loading a dump.
extension Gatehouse {
  /// The pause between two looks at the holder's journal.
  private static let look = Duration.milliseconds(100)
  /// The pause after a state could not be restored anew.
  private static let retryPause = Duration.seconds(1)

  /// Follows the holder until the task is cancelled, and after its end what it left on the volume.
  func follow(_ follower: Follower) async {
    state.follow()
    var trouble: String?
    while !Task.isCancelled {
      var pause = Self.look
      do {
        if case .detached(let reason) = try await follower.catchUp(holder: lease.role.holderEpoch) {
          try await restoreAnew(follower)
          logger.notice("the holder's state was restored anew", metadata: ["reason": "\(reason)"])
          pause = .zero
        }
        if trouble != nil { logger.notice("the holder's changes are followed again") }
        trouble = nil
      } catch {
        if trouble != "\(error)" {
          trouble = "\(error)"
          logger.warning("the holder's changes can't be followed; trying again", metadata: ["error": "\(error)"])
        }
        pause = Self.retryPause
      }
      if let peers, trouble == nil { await peers.nudge.wait(atMost: pause) } else { try? await Task.sleep(for: pause) }
    }
  }

  /// Puts the newest state of the directory in place of the present one.
  private func restoreAnew(_ follower: Follower) async throws {
    switch try await restorer.restoreNewest(allowsOlder: configuration.memory.allowsOlderStart) {
    case .restored(let restored, _):
      try await deposed.saveBeforeReplacing()
      try await installer.follow(restored, restorer: restorer)
      try await follower.begin(with: restored)
    case .nothingThere:
      throw NoState()
    case .blocked(let failure, _):
      throw Blocked(failure: failure)
    case .noneLoads(let failures):
      throw failures.first.map { Blocked(failure: $0) as any Error } ?? NoState()
    }
  }

  /// There is a writer, and the directory has nothing of it.
  private struct NoState: Error, CustomStringConvertible {
    let description = "the directory has no state, although another task holds the lease"
  }

  /// The reason why a state could not be restored.
  struct Blocked: Error, CustomStringConvertible {
    let failure: Ladder.Failure

    var description: String {
      "\(failure). It may be the newest; put it right, or set MEM_ALLOW_OLDER_START=true and start again to go on without it"
    }
  }

  /// Begins to write from the state that was followed, if it is the newest.
  ///
  /// - Returns: the dump that the state came from, or `nil` when the state has to be restored.
  func continueFollowed(_ follower: Follower, epoch: Int) async throws -> Dumper.Origin?? {
    guard case .newest(let start, let dump) = try await follower.standing(holder: epoch) else { return nil }
    journal?.begin(with: start)
    journal?.note(newest: await follower.newest)
    if let dump { await dumper.markChanged(since: dump) }
    return .some(dump)
  }
}

extension LeaseRole {
  /// The epoch of the task that holds the lease, if it is another one.
  var holderEpoch: Int? {
    if case .standby(let record?) = self, !record.isReleased { record.epoch } else { nil }
  }
}
