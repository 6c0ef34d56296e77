import Clocks
package import DocumentStore
package import DumpDirectory
import DumpFormat
package import Logging

/// Writes dumps one at a time. A caller that asks during a dump shares the next one, which starts later and so contains
/// every earlier change.
package actor Dumper {
  package struct Dump: Sendable {
    package let written: WrittenDump
    /// Of the lease; 0 without one.
    package let epoch: Int
    /// Dumps of this epoch, with this one.
    package let sequence: Int
  }

  /// The dump of the directory in which a state is kept.
  package struct Origin: Sendable, Equatable {
    package let path: String
    /// RFC 3339, as it stands in the dump.
    package let createdAt: String

    package init(path: String, createdAt: String) {
      self.path = path
      self.createdAt = createdAt
    }
  }

  private enum Turn: Sendable {
    /// Another's dump to the same place served this caller too.
    case served(Result<Dump, any Error>)
    case lead
  }

  private let store: DocumentStore
  private let job: DumpJob
  private let lease: WriterLease?
  private let logger: Logger
  private let thread = BlockingThread()
  private var isRunning = false
  private var waiting: [(target: DumpLocation, continuation: CheckedContinuation<Turn, Never>)] = []
  private var survey = OrderSurvey()
  /// Of the dump before.
  private var last = (epoch: 0, sequence: 0)
  /// The dump that the present state came from, or that was written from it last.
  package private(set) var origin: Origin?
  /// The store's state that the newest dump of the location holds.
  private var savedState: UInt64?
  private var lastWritten: ContinuousClock.Instant?
  /// The store's state from which on changes are those of clients.
  private var firstState: UInt64 = 0
  /// Ends the changes of clients; to be done with the next snapshot.
  private var closing: (@Sendable () -> Void)?

  /// - Parameter lease: under which dumps are written; `nil`: nobody else writes in the directory, and nobody asks.
  package init(store: DocumentStore, job: DumpJob, lease: WriterLease? = nil, logger: Logger) {
    self.store = store
    self.job = job
    self.lease = lease
    self.logger = logger
  }

  /// Whether something changed that no dump holds.
  package var isChanged: Bool { store.snapshot().sequence != savedState }

  /// Since the last dump that this process wrote to the directory; `nil`: none yet.
  package var dumpAge: Duration? { lastWritten.map { ContinuousClock.now - $0 } }

  /// How many changes of clients no dump of the directory holds.
  package var unsavedChanges: Int {
    let (present, saved) = (store.snapshot().sequence, max(firstState, savedState ?? 0))
    return present > saved ? Int(clamping: present - saved) : 0
  }

  /// Takes what changes from now on as changes of clients.
  package func countChanges() {
    firstState = store.snapshot().sequence
  }

  /// Takes one of the changes since `countChanges` as the service's own.
  package func discountChange() {
    firstState += 1
  }

  /// Takes the present state as saved: it was just restored.
  package func markSaved(in origin: Origin) {
    self.origin = origin
    savedState = store.snapshot().sequence
  }

  /// Takes the present state as changed since a dump.
  package func markChanged(since origin: Origin) {
    self.origin = origin
    savedState = nil
    countChanges()
  }

  /// Writes the last dump, or shares it: with its snapshot the changes of clients end.
  ///
  /// - Parameter close: from then on every change must be refused. It is called while no writer is at work.
  package func dumpLast(
    to target: DumpLocation, reason: String, close: @escaping @Sendable () -> Void
  ) async throws -> Dump {
    closing = close
    return try await dump(to: target, reason: reason)
  }

  /// Keeps the present state where no start looks for it, as the process does not hold the lease any more.
  ///
  /// - Returns: the dump's absolute path.
  package func keepDeposed() async throws -> String {
    let (store, job) = (store, job)
    return try await thread.run {
      try job.write(store.snapshot(), to: job.directory.deposed).path
    }
  }

  /// Writes a dump, or shares one.
  ///
  /// - Parameter reason: for the log, as `signal` or `timer`.
  /// - Returns: when the dump is safe on the volume.
  package func dump(to target: DumpLocation, reason: String) async throws -> Dump {
    if isRunning {
      let turn = await withCheckedContinuation { waiting.append((target, $0)) }
      if case .served(let result) = turn { return try result.get() }
    }
    isRunning = true
    let sharing = waiting.filter { $0.target == target }
    waiting.removeAll { $0.target == target }
    let result: Result<Dump, any Error>
    do {
      result = .success(try await write(to: target, reason: reason))
    } catch {
      result = .failure(error)
    }
    for other in sharing { other.continuation.resume(returning: .served(result)) }
    if waiting.isEmpty {
      isRunning = false
    } else {
      waiting.removeFirst().continuation.resume(returning: .lead)
    }
    return try result.get()
  }

  private func write(to target: DumpLocation, reason: String) async throws -> Dump {
    let start = ContinuousClock.now
    let (store, job, lease) = (store, job, lease)
    do {
      try await raiseAboveForeignDumps()
      let (epoch, sequence) = try nextNumbers()
      let (written, state) = try await thread.run { [closing] in
        let snapshot = store.snapshot(after: { closing?() })
        let written = try job.write(snapshot, to: target, order: DumpOrder(epoch: epoch, sequence: sequence)) {
          try lease?.confirm(epoch: epoch)
        }
        return (written, snapshot.sequence)
      }
      // A start looks for dumps of this stem in this directory, and for no others.
      if target == job.directory.location {
        savedState = state
        lastWritten = start
        origin = Origin(path: written.path, createdAt: written.summary.createdAt)
      }
      logger.info(
        "dump written",
        metadata: [
          "dump.path": "\(written.path)",
          "dump.reason": "\(reason)",
          "dump.epoch": .stringConvertible(epoch),
          "dump.sequence": .stringConvertible(sequence),
          "dump.documents": .stringConvertible(written.summary.records),
          "dump.bytes": .stringConvertible(written.summary.bytes),
          "duration.ms": .stringConvertible((ContinuousClock.now - start).milliseconds),
        ])
      return Dump(written: written, epoch: epoch, sequence: sequence)
    } catch let error as DumpDirectoryError where error.code == .leaseLost {
      logger.warning("no dump written: \(error)", metadata: ["dump.reason": "\(reason)"])
      throw error
    } catch {
      logger.error(
        "dump failed; older dumps are as they were",
        metadata: ["dump.reason": "\(reason)", "dump.directory": "\(target.directory)", "error": "\(error)"])
      throw error
    }
  }

  /// Moves the lease above every dump of the directory. One that came from another volume, as a backup or a copy, can name
  /// any order, and a start would take it instead of the next one that is written here.
  private func raiseAboveForeignDumps() async throws {
    guard let lease, let held = lease.epoch, let own = DumpOrder(epoch: held, sequence: nextSequence(in: held)) else {
      return
    }
    let (directory, keyring) = (job.directory, job.keyring)
    let (found, foreign) = try await thread.run { [survey] in
      var survey = survey
      let highest = try survey.highest(in: directory, keyring)
      let foreign = highest.flatMap { $0 < own ? nil : $0 }
      if let foreign { try lease.raise(above: foreign.epoch) }
      return (survey, foreign)
    }
    survey = found
    guard let foreign else { return }
    guard let epoch = lease.epoch else { throw lease.lost }
    guard epoch > foreign.epoch else {
      throw DumpDirectoryError(
        .inputOutput, directory.location.directory,
        "a dump in it names epoch \(foreign.epoch), above which there is none; find it with 'gatehouse dump list' and move it away"
      )
    }
    logger.warning(
      "a dump that was not written here stands above the dumps of this task; going on in a higher epoch",
      metadata: [
        "dump.foreign.epoch": .stringConvertible(foreign.epoch),
        "dump.foreign.sequence": .stringConvertible(foreign.sequence), "lease.epoch": .stringConvertible(epoch),
      ])
  }

  private func nextSequence(in epoch: Int) -> Int { epoch == last.epoch ? last.sequence + 1 : 1 }

  /// A number is given once, also to a dump that fails: parts of it may be on the volume.
  ///
  /// - Returns: epoch 0 without a lease; such a dump carries no order.
  private func nextNumbers() throws(DumpDirectoryError) -> (epoch: Int, sequence: Int) {
    let epoch: Int
    if let lease {
      guard let held = lease.epoch else { throw lease.lost }
      epoch = held
    } else {
      epoch = 0
    }
    last = (epoch, nextSequence(in: epoch))
    return last
  }
}
