import Clocks
package import DocumentStore
package import DumpDirectory
import DumpFormat
package import Logging
import Threads

/// Writes dumps one at a time. A caller that asks during a dump shares the next one, which starts later and so contains
/// every earlier change.
package actor Dumper {
  /// A dump that was written, with its version.
  package struct Dump: Sendable {
    /// The file and its contents in numbers.
    package let written: WrittenDump
    /// The lease's epoch, or 0 when there is no lease.
    package let epoch: Int
    /// The number of dumps of this epoch, including this one.
    package let sequence: Int
  }

  /// A dump in the directory from which a state came, or to which it was written.
  package struct Origin: Sendable, Equatable {
    /// The absolute path of the dump.
    package let path: String
    /// The time in the dump's header, in RFC 3339.
    package let createdAt: String
    /// The identity of the dump (`DumpIdentity`), or `nil` when it is to be read from the file.
    let identity: String?

    /// Names a dump of the directory.
    package init(path: String, createdAt: String, identity: String? = nil) {
      self.path = path
      self.createdAt = createdAt
      self.identity = identity
    }

    /// Names the dump that a state was restored from.
    package init(_ restored: Ladder.Restored) {
      self.init(path: restored.path, createdAt: restored.createdAt ?? "no dump yet", identity: restored.identity)
    }
  }

  private enum Turn: Sendable {
    /// Another request's dump served this one too.
    case served(Result<Dump, any Error>)
    /// This request writes the dump for its batch.
    case lead(DumpQueue<DumpLocation>.Batch)
  }

  private let store: DocumentStore
  private let job: DumpJob
  private let lease: WriterLease?
  private let journal: Journal?
  private let logger: Logger
  private let thread = Worker.started()
  private var state = DumperState<DumpLocation>()
  private var waiting: [DumpQueue<DumpLocation>.Ticket: CheckedContinuation<Turn, Never>] = [:]
  private var survey = OrderSurvey()
  /// Called with the next snapshot. From then on, changes of clients are refused.
  private var closing: (@Sendable () -> Void)?

  /// - Parameters:
  ///   - lease: the lease under which dumps are written, or `nil` when nobody else writes in the directory.
  ///   - journal: begins anew with each dump of the directory.
  package init(
    store: DocumentStore, job: DumpJob, lease: WriterLease? = nil, journal: Journal? = nil, logger: Logger
  ) {
    self.store = store
    self.job = job
    self.lease = lease
    self.journal = journal
    self.logger = logger
  }

  /// The journal that keeps the changes between dumps.
  package nonisolated var changes: Journal? { journal }

  /// The dump that the present state came from, or that was written from it last.
  package var origin: Origin? { state.origin }

  /// Whether something changed that no dump holds.
  package var isChanged: Bool { state.isChanged(store.snapshot().sequence) }

  /// The time since the last dump that this process wrote to the directory, or `nil` before the first one.
  package var dumpAge: Duration? { state.lastBegan.map { SteadyClock.now() - $0 } }

  /// The number of acknowledged changes of clients that the directory does not hold.
  package var unsavedChanges: Int {
    let present = store.snapshot().sequence
    guard let journal else { return state.unsavedChanges(present) }
    // Nobody was told that a change is kept before it is in the journal.
    return journal.acknowledgesLater ? 0 : state.unsavedChanges(present, journaled: journal.safe)
  }

  /// Counts changes from now on as changes of clients.
  package func countChanges() { state.countChanges(after: store.snapshot().sequence) }

  /// Counts one of the changes since `countChanges` as the gateway's own.
  package func discountChange() { state.discountChange() }

  /// Records that the present state was just restored from a dump and equals it.
  package func markSaved(in origin: Origin) { state.noteRestored(store.snapshot().sequence, from: origin) }

  /// Records that the present state was just restored. It equals the dump unless journals were made again.
  package func markRestored(_ restored: Ladder.Restored) {
    let origin = Origin(restored)
    if restored.summary == nil || restored.replay?.commits ?? 0 > 0 {
      state.noteReplaced(store.snapshot().sequence, since: origin)
    } else {
      state.noteRestored(store.snapshot().sequence, from: origin)
    }
  }

  /// Records that the present state was just restored from a dump and was changed since.
  package func markChanged(since origin: Origin) { state.noteReplaced(store.snapshot().sequence, since: origin) }

  /// Writes the last dump, or shares it. With its snapshot the changes of clients end.
  ///
  /// - Parameter close: makes every later change fail. It is called while no writer runs.
  package func dumpLast(
    to target: DumpLocation, reason: String, close: @escaping @Sendable () -> Void
  ) async throws -> Dump {
    closing = close
    return try await dump(to: target, reason: reason)
  }

  /// Saves the present state after the lease was lost, in a directory that no start reads.
  ///
  /// - Returns: the dump's absolute path.
  package func keepDeposed() async throws -> String {
    let (store, job, origin) = (store, job, state.origin)
    return try await thread.perform {
      try job.write(store.snapshot(), to: job.directory.deposed, after: job.identity(of: origin)).path
    }
  }

  /// Writes a dump, or shares one that another request writes.
  ///
  /// - Parameter reason: for the log, such as `signal` or `timer`.
  /// - Returns: the dump, once it is safe on the volume.
  package func dump(to target: DumpLocation, reason: String) async throws -> Dump {
    let request = state.queue.request(target)
    var batch = DumpQueue<DumpLocation>.Batch(target: target, tickets: [request.ticket])
    if !request.begins {
      switch await withCheckedContinuation({ waiting[request.ticket] = $0 }) {
      case .served(let result): return try result.get()
      case .lead(let lead): batch = lead
      }
    }
    let result: Result<Dump, any Error>
    do {
      result = .success(try await write(to: target, reason: reason))
    } catch {
      result = .failure(error)
    }
    for ticket in batch.tickets.dropFirst() { waiting.removeValue(forKey: ticket)?.resume(returning: .served(result)) }
    if let next = state.queue.end() {
      waiting.removeValue(forKey: next.tickets[0])?.resume(returning: .lead(next))
    }
    return try result.get()
  }

  private func write(to target: DumpLocation, reason: String) async throws -> Dump {
    let start = SteadyClock.now()
    let (store, job, lease) = (store, job, lease)
    let isElsewhere = target != job.directory.location
    let journal = isElsewhere ? nil : journal
    do {
      try await raiseAboveForeignDumps()
      let (epoch, sequence) = try nextNumbers()
      let predecessor = state.origin
      let (written, saved) = try await thread.perform { [closing] in
        // Journals follow the dumps of this directory only. One that is written elsewhere and moved here later must not
        // stand in front of the journal that was open meanwhile.
        let order = isElsewhere ? nil : DumpOrder(epoch: epoch, sequence: sequence)
        let snapshot = store.snapshot(after: {
          closing?()
          if let order { journal?.dumpBegins(order) }
        })
        let write = { @Sendable () throws -> WrittenDump in
          try job.write(snapshot, to: target, order: order, after: job.identity(of: predecessor)) {
            try lease?.confirm(epoch: epoch)
          }
        }
        do {
          // The last dump has a deadline.
          let written = closing == nil ? try SystemThread.runBehindCalls(write) : try write()
          if let order { journal?.dumpIsSafe(order, through: snapshot.sequence) }
          return (written, snapshot.sequence)
        } catch {
          if let order { journal?.dumpFailed(order) }
          throw error
        }
      }
      // Only dumps of this stem in this directory are read at a start.
      if target == job.directory.location {
        let origin = Origin(
          path: written.path, createdAt: written.summary.createdAt, identity: written.identity)
        state.noteWritten(saved, as: origin, began: start)
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
          "duration.ms": .stringConvertible((SteadyClock.now() - start).milliseconds),
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

  /// Moves the lease to an epoch above every dump of the directory. A dump that was copied from elsewhere, such as a
  /// backup, can have any version, and a start would choose it before the next dump that is written here.
  private func raiseAboveForeignDumps() async throws {
    guard let lease, let held = lease.epoch, let own = DumpOrder(epoch: held, sequence: state.nextSequence(in: held))
    else {
      return
    }
    let (directory, keyring) = (job.directory, job.keys.present)
    let (found, foreign) = try await thread.perform { [survey] in
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

  /// Takes the version of the next dump.
  ///
  /// - Returns: the epoch and the sequence number. Without a lease and a journal the epoch is 0 and the dump carries no
  ///   version.
  private func nextNumbers() throws(DumpDirectoryError) -> (epoch: Int, sequence: Int) {
    guard let lease else { return state.takeNumber(in: journal?.epoch ?? 0) }
    guard let held = lease.epoch else { throw lease.lost }
    return state.takeNumber(in: held)
  }
}
