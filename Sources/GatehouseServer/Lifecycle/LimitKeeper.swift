import Clocks
import Gateway
import Logging
import Persistence
import Threads

/// Saves what users have used of their limits, so that the task that starts next goes on from there.
actor LimitKeeper {
  /// The shortest time between two saves.
  private static let shortestPause = Duration.seconds(1)
  /// The longest time between two saves, also after one that hung.
  private static let longestPause = Duration.seconds(300)
  /// A save takes at most one part in so many of the time, unless that makes the pause too long.
  private static let rareness = 50
  /// The time that a stop waits for its save.
  private static let patience = Duration.seconds(2)
  /// The time that a start waits. The volume has just answered, but millions of limits take some seconds.
  private static let longPatience = Duration.seconds(10)

  private let limits: SharedLimits
  private let file: CounterFile
  private let lease: WriterLease
  private let logger: Logger
  private let thread: Worker
  private let saves: LimitSaves
  /// Whether this task holds the limits. Before, its counts must not replace those in the file.
  private var holds = false

  init(_ limits: SharedLimits, _ file: CounterFile, _ lease: WriterLease, _ logger: Logger) {
    let thread = Worker()
    self.limits = limits
    self.file = file
    self.lease = lease
    self.logger = logger
    self.thread = thread
    saves = LimitSaves(on: thread, logger: logger, content: { limits.saved() }, write: { try file.write($0) })
  }

  /// Saves once a second while this task holds the lease, and less often when there is so much that a save takes long.
  func run() async {
    var pause = Self.shortestPause
    while (try? await Task.sleep(for: pause)) != nil {
      let start = SteadyClock.now()
      if maySave { await saves.save() }
      pause = min(Self.longestPause, max(Self.shortestPause, (SteadyClock.now() - start) * Self.rareness))
    }
  }

  /// Saves what was counted since the last save, and waits for that no longer than a stop may take.
  func save() async {
    if maySave { await saves.save(within: Self.patience) }
  }

  private var maySave: Bool { holds && lease.epoch != nil && lease.unconfirmedFor == nil }

  /// Goes on from what the task before saved, and saves from then on. A task that was given a share of the limits knows
  /// more, and ignores the file.
  func take() async {
    defer { holds = true }
    guard !limits.hadShare else { return }
    let (limits, file) = (limits, file)
    do {
      let count = try await thread.perform(within: Self.longPatience) {
        guard let content = try file.read() else { return 0 }
        guard let count = limits.restore(content) else { throw UnknownLayout() }
        return count
      }
      if count > 0 {
        logger.notice("limits go on from what was used of them", metadata: ["limits": .stringConvertible(count)])
      }
    } catch {
      logger.warning(
        "the use of limits can't be restored: the limits of users begin anew", metadata: ["error": "\(error)"])
    }
  }

  /// Saves no more, because another task holds the limits.
  func lose() { holds = false }

  private struct UnknownLayout: Error, CustomStringConvertible {
    let description = "another version wrote it"
  }
}
