import Clocks
import DocumentStore
import DumpDirectory
import DumpFormat
import Logging
import Model
import Persistence
import Rules
import Settings

/// Restores the state of a moment while no gateway runs. It takes the lease as a gateway does, and writes the state as
/// a dump that is newer than all others. No file is changed or removed.
struct OfflineRestore: Sendable {
  /// The outcome of a restore.
  struct Report: Sendable {
    let moment: Ladder.RestoredMoment
    /// The path of the dump that was written.
    let path: String
    /// The position of the state before, or `nil` when it has none.
    let before: JournalPosition?
    /// The reason why tokens that were revoked since the moment are valid again, or `nil` when they are not.
    let lostRevocations: String?
  }

  /// Another task holds the lease, or may hold it.
  struct LeaseHeld: Error, CustomStringConvertible {
    let description: String
  }

  private let directory: DumpDirectory
  private let keyring: DumpKeyring
  private let format: DumpFormatName
  private let ladder: Ladder
  private let lease: WriterLease
  private let logger = Logger(label: "restore") { _ in SwiftLogNoOpLogHandler() }

  private static let program = "gatehouse/\(Version.number)"
  /// Longer than a lease has to be unchanged before another task takes it.
  private static let patience = Duration.seconds(25)
  private static let poll = Duration.milliseconds(50)
  /// The time limit for releasing the lease.
  private static let farewell = Duration.seconds(5)

  init(in directory: DumpDirectory, keyring: DumpKeyring, format: DumpFormatName) {
    self.directory = directory
    self.keyring = keyring
    self.format = format
    ladder = Ladder(directory: directory, keyring: keyring, schemas: Collections.schemas)
    lease = Gatehouse.lease(directory, CurrentKeyring(keyring), logger)
  }

  /// Restores the state of a moment.
  ///
  /// - Parameter wait: is called with a sentence before it waits for a lease that may be held.
  /// - Throws: `MomentError`, `LeaseHeld`, or the error of reading or writing. The newest state is as it was then.
  func restore(_ moment: Moment, wait: (String) -> Void) async throws -> Report {
    // A moment that is not covered is refused before anything is done.
    let found = try ladder.restore(at: moment)
    let epoch = try await takeLease(wait)
    do {
      let report = try await write(found, epoch: epoch)
      _ = await lease.end(within: Self.farewell)
      return report
    } catch {
      _ = await lease.end(within: Self.farewell)
      throw error
    }
  }

  private func write(_ found: Ladder.RestoredMoment, epoch: Int) async throws -> Report {
    let store = DocumentStore(schemas: Collections.schemas)
    var lostRevocations: String?
    var before: JournalPosition?
    switch try ladder.restoreNewest() {
    case .restored(let present, _):
      before = present.position
      if let start = present.replay?.end {
        try HistoryMark(in: directory, keyring: keyring, program: Self.program).write(epoch: epoch, after: start)
      }
      _ = store.replaceAll(with: present.contents) { _, _ in }
    case .blocked(let failure, _): lostRevocations = "\(failure)"
    case .noneLoads(let failures): lostRevocations = failures.map { "\($0)" }.joined(separator: "; ")
    case .nothingThere: lostRevocations = "the newest state is gone"
    }
    try store.replaceAll(with: found.restored.contents) { (transaction, present) throws(RuleViolation) in
      try Revocations.carryOver(from: present, into: &transaction)
    }
    let job = DumpJob(directory: directory, keyring: keyring, format: format, program: Self.program)
    let dumper = Dumper(store: store, job: job, lease: lease, logger: logger)
    let dump = try await dumper.dump(to: directory.location, reason: "restore")
    return Report(moment: found, path: dump.written.path, before: before, lostRevocations: lostRevocations)
  }

  /// Takes the lease, unless its holder lives.
  private func takeLease(_ wait: (String) -> Void) async throws -> Int {
    try lease.start()
    let deadline = Deadline(in: Self.patience)
    var first: LeaseRecord?
    while !deadline.isOver {
      switch lease.role {
      case .holding(let epoch):
        lease.accept(epoch: epoch)
        return epoch
      case .standby(let record?) where !record.isReleased:
        if let first, first.epoch != record.epoch || first.renewal != record.renewal {
          throw LeaseHeld(description: lease.holderSentence)
        }
        if first == nil {
          first = record
          wait(
            "waiting up to 20 s, to see whether \(record.holder.name) on \(record.holder.host) still holds the lease")
        }
      case .standby, .unknown, .ended: break
      }
      try await Task.sleep(for: Self.poll)
    }
    throw LeaseHeld(description: lease.holderSentence)
  }
}
