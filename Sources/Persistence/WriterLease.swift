import Clocks
import Dispatch
package import DumpDirectory
package import Logging
import Synchronization

/// This process's part in "one writer per volume": keeps the lease on a thread of its own, which hangs when the volume
/// does, and tells everyone else what it knows without waiting.
///
/// Holding the lease is not enough to write: the state in memory must be the volume's newest too. Whoever has seen to that
/// says so with `accept(epoch:)`.
package final class WriterLease: Sendable {
  private struct Known {
    var standing = LeaseStanding.unknown
    /// The epoch for which the state in memory is the newest.
    var accepted: Int?
    var isEnding = false
    var trouble: String?
  }

  private let volume: LeaseVolume
  /// Used by the thread alone. Nobody waits for it but a dump, which waits for the volume anyway.
  private let keeper: Mutex<LeaseKeeper>
  private let known = Mutex(Known())
  private let queue = DispatchQueue(label: "lease")
  private let logger: Logger
  private let news: AsyncStream<LeaseStanding>.Continuation
  /// Where the process stands, when it changes; of several changes at once the last.
  package let standings: AsyncStream<LeaseStanding>

  /// - Parameters:
  ///   - keeper: made for the same volume.
  package init(volume: LeaseVolume, keeper: consuming LeaseKeeper, logger: Logger) {
    self.volume = volume
    self.keeper = Mutex(keeper)
    self.logger = logger
    (standings, news) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  package var holder: LeaseHolder { volume.holder }
  package var standing: LeaseStanding { known.withLock { $0.standing } }

  /// The epoch under which this process may change its state and write dumps; `nil`: it may do neither.
  package var epoch: Int? {
    known.withLock { known in known.standing == known.accepted.map { .holding(epoch: $0) } ? known.accepted : nil }
  }

  /// Begins to look at the volume, for as long as the process lives.
  package func start() {
    queue.async { self.turn() }
  }

  /// Waits for the first look, but not for a volume that hangs.
  package func firstStanding(within limit: Duration) async -> LeaseStanding {
    let deadline = Deadline(in: limit)
    while standing == .unknown, !deadline.isOver {
      try? await Task.sleep(for: .milliseconds(10))
    }
    return standing
  }

  /// The state in memory is the newest of the volume, as of the beginning of this epoch.
  package func accept(epoch: Int) {
    known.withLock { $0.accepted = epoch }
  }

  /// Looks at the volume whether an epoch is still the highest. Blocks for as long as the volume takes.
  ///
  /// - Throws: `DumpDirectoryError` `leaseLost` when it is not.
  package func confirm(epoch: Int) throws(DumpDirectoryError) {
    guard self.epoch == epoch, try !volume.look().isOver(epoch, of: volume.holder) else {
      throw lost
    }
  }

  /// Goes on under an epoch above another one, if this process may write. Blocks for as long as the volume takes.
  ///
  /// - Parameter other: that a dump of the directory names.
  package func raise(above other: Int) throws {
    try queue.sync {
      guard epoch != nil else { return }
      let (raised, standing, outcome) = try keeper.withLock { keeper in
        let raised = try keeper.raise(above: other)
        let outcome = Result { try keeper.turn() }
        return (raised, keeper.standing, outcome)
      }
      stand(standing, raised: raised)
      try outcome.get()
    }
  }

  /// The refusal of a dump.
  package var lost: DumpDirectoryError {
    DumpDirectoryError(.leaseLost, volume.directory, "another task holds the lease of this volume")
  }

  /// Gives the lease up, so that another takes it at once, or stops trying to get it.
  ///
  /// - Returns: whether that was done within the limit: a volume that hangs is not waited for.
  package func end(within limit: Duration) async -> Bool {
    known.withLock { $0.isEnding = true }
    queue.async {
      let outcome = Result { try self.keeper.withLock { try $0.end() } }
      if case .failure(let error) = outcome {
        self.logger.warning(
          "the lease could not be given up; others wait until it runs out", metadata: ["error": "\(error)"])
      }
      self.known.withLock { $0.standing = .ended }
      self.news.finish()
    }
    let deadline = Deadline(in: limit)
    while standing != .ended, !deadline.isOver {
      try? await Task.sleep(for: .milliseconds(5))
    }
    return standing == .ended
  }

  private func turn() {
    guard !known.withLock({ $0.isEnding }) else { return }
    let (standing, pause, error) = keeper.withLock { keeper -> (LeaseStanding, Duration, (any Error)?) in
      do {
        try keeper.turn()
        return (keeper.standing, keeper.pause, nil)
      } catch {
        return (keeper.standing, keeper.pause, error)
      }
    }
    report(error)
    stand(standing)
    queue.asyncAfter(deadline: .now() + .milliseconds(pause.milliseconds)) { self.turn() }
  }

  /// - Parameter raised: the epoch to which the lease was moved without being let go: the state in memory is still the newest.
  private func stand(_ standing: LeaseStanding, raised: Int? = nil) {
    let isNews = known.withLock { known in
      defer { known.standing = standing }
      if let raised, standing == .holding(epoch: raised) { known.accepted = raised }
      return !standing.isSame(as: known.standing)
    }
    if isNews { news.yield(standing) }
  }

  /// Says once what is wrong, and once that it is over.
  private func report(_ error: (any Error)?) {
    let trouble = error.map { "\($0)" }
    let before = known.withLock { known in
      defer { known.trouble = trouble }
      return known.trouble
    }
    guard trouble != before else { return }
    if let trouble {
      logger.warning("the lease can't be looked after", metadata: ["error": "\(trouble)"])
    } else {
      logger.notice("the lease can be looked after again")
    }
  }
}

extension LeaseStanding {
  /// Whether the same process has it for the same epoch, however often it renewed the lease.
  fileprivate func isSame(as other: LeaseStanding) -> Bool {
    switch (self, other) {
    case (.standby(let one?), .standby(let other?)):
      one.holder == other.holder && one.epoch == other.epoch && one.isReleased == other.isReleased
    default: self == other
    }
  }
}
