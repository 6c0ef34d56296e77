import Clocks
import DumpDirectory
import DumpReports
import Logging
import Retention
import Synchronization

/// Names of dumps that are no regular files. Each is logged once while it is there.
private final class Impostors: Sendable {
  private let known = Mutex<Set<LeftAlone.Impostor>>([])

  /// - Returns: the names that were not there the last time.
  func newOnes(_ found: [LeftAlone.Impostor]) -> [LeftAlone.Impostor] {
    known.withLock { known in
      defer { known = Set(found) }
      return found.filter { !known.contains($0) }
    }
  }
}

/// One round over the volume: read the catalogue, verify new dumps and journals, prune. Runs on the worker, which may
/// hang.
struct VolumeRound: Sendable {
  private let volume: DumpVolume
  private let pruner: Pruner
  private let metrics: SidecarMetrics
  private let logger: Logger
  private let journalRound: JournalRound

  /// The names that were logged because they are no regular files.
  private let impostors = Impostors()

  private static let settling = Duration.seconds(2)

  init(volume: DumpVolume, pruner: Pruner, metrics: SidecarMetrics, logger: Logger) {
    self.volume = volume
    self.pruner = pruner
    self.metrics = metrics
    self.logger = logger
    journalRound = JournalRound(volume: volume, metrics: metrics, logger: logger)
  }

  /// The findings and actions of the round.
  struct Result: Sendable {
    /// The dumps after the round, newest first.
    let dumps: [KnownDump]
    /// The journals, oldest first. One that is pruned in the round is still among them.
    let journals: [KnownJournal]
    let prunes: Pruner.Report?
  }

  /// Makes the round.
  ///
  /// - Parameters:
  ///   - prunes: whether to prune even when nothing is new.
  ///   - role: the role of this task. On standby the round only counts files.
  ///   - isStopping: asked between dumps. If a drain needs the volume, the remaining dumps wait for the next start.
  func run(
    clock: ClockReading, prunes: Bool, role: VolumeRole, isStopping: @Sendable () -> Bool
  ) throws -> Result {
    let begun = SteadyClock.now()
    var dumps = try volume.dumps()
    guard role.verifies else { return try count(dumps) }
    // A single new dump, as in all but the first round, is cached before the log says that it is verified. The results
    // of several are cached together, before anything is pruned because of them.
    let isRow = dumps.count { $0.verification == nil } > 1
    let outcome = isRow ? volume.savingCacheOnce { verifyNew(&dumps, isStopping) } : verifyNew(&dumps, isStopping)
    guard let isNewDump = outcome else { return Result(dumps: dumps, journals: [], prunes: nil) }
    let (journals, isNewJournal) = try journalRound.run(beside: dumps, isStopping: isStopping)
    let isNew = isNewDump || isNewJournal
    if prunes {
      let outcomes = try ReceiptFiles(directory: try volume.directory).outcomes()
      metrics.change { $0.drains = outcomes }
    }
    var report: Pruner.Report?
    if role.prunes, isNew || prunes {
      // Verifying can have taken minutes, and dumps of that time are not of the future.
      let present = clock.later(by: Int((SteadyClock.now() - begun).components.seconds))
      let pruned = pruner.prune(dumps, journals, clock: present)
      let gone = Set(pruned.trashed)
      dumps.removeAll { gone.contains($0.name) }
      try ReceiptFiles(directory: try volume.directory).prune()
      report = pruned
    }
    if let stopped = report?.stopped {
      logger.notice("pruning stopped; the sidecar of the writer goes on", metadata: ["reason": "\(stopped)"])
    }
    if role.prunes { volume.forgetAll(except: dumps.map(\.name) + journals.map(\.name)) }
    measure(dumps, report)
    reportCache()
    reportImpostors(try volume.leftAlone().impostors)
    return Result(dumps: dumps, journals: journals, prunes: report)
  }

  /// Counts files for the metrics. The newest ones may be missing in the list, which a network volume gives late, so no
  /// judgement is made.
  private func count(_ dumps: [KnownDump]) throws -> Result {
    let journals = try volume.journals(beside: dumps)
    metrics.change { values in
      (values.dumps, values.journals) = (dumps.count, journals.count)
      values.bytes = dumps.reduce(0) { $0 + $1.entry.bytes }
      values.journalBytes = journals.reduce(0) { $0 + $1.bytes }
      values.newestVerified = nil
      (values.unverified, values.damaged, values.damagedJournals, values.isJournalMissing) = (0, 0, 0, false)
    }
    return Result(dumps: dumps, journals: journals, prunes: nil)
  }

  /// - Returns: whether any dump was verified, or `nil` when the rest waits for the next start.
  private func verifyNew(_ dumps: inout [KnownDump], _ isStopping: () -> Bool) -> Bool? {
    var isNew = false
    // The newest dump comes first: it decides whether the sidecar is healthy, and lets older ones be pruned.
    for index in dumps.indices where dumps[index].verification == nil {
      guard !isStopping() else { return nil }
      dumps[index] = verify(dumps[index], isStopping)
      isNew = isNew || dumps[index].verification != nil
    }
    judgeShrinking(dumps, isNew: isNew)
    return isNew
  }

  private func verify(_ dump: KnownDump, _ isStopping: () -> Bool) -> KnownDump {
    let start = SteadyClock.now()
    let verified = volume.verify(dump, settling: Self.settling, isCancelled: isStopping)
    guard !isStopping() || verified.verification != nil else { return verified }
    var metadata: Logger.Metadata = [
      "dump.name": "\(dump.name)", "dump.bytes": .stringConvertible(dump.entry.bytes),
      "duration.ms": .stringConvertible((SteadyClock.now() - start).milliseconds),
    ]
    switch verified.verification {
    case .good(let good)?:
      metadata["dump.documents"] = .stringConvertible(good.documents)
      metadata["dump.created_at"] = "\(good.createdAt)"
      logger.info("dump verified", metadata: metadata)
      metrics.change { $0.verified += 1 }
    case .damaged(let reason)?, .unopened(let reason)?:
      metadata["error"] = "\(reason)"
      logger.error("dump does not verify; it is kept for a look", metadata: metadata)
      metrics.countFailure(.damaged)
    case nil:
      metadata["error"] = "\(verified.readFault ?? "unknown")"
      logger.warning("dump can't be read just now", metadata: metadata)
      metrics.countFailure(.unreadable)
    }
    return verified
  }

  private func judgeShrinking(_ dumps: [KnownDump], isNew: Bool) {
    guard isNew, let newest = dumps.first(where: \.isGood) else { return }
    let flags = ShrinkGuard.flags(volume.judged(dumps))
    // Dumps that did not shrink are accepted once everything that they could be compared with is verified.
    if dumps.allSatisfy({ $0.verification != nil }) {
      volume.accept(zip(dumps, flags).filter { $0.isGood && !$1 }.map(\.0.name))
    }
    for (dump, isFlagged) in zip(dumps, flags) where isFlagged && dump.name == newest.name {
      logger.warning(
        "the newest dump shrank by more than half; it pushes no older one out until it is accepted (prune --accept-shrunk)",
        metadata: [
          "dump.name": "\(dump.name)",
          "dump.documents": .stringConvertible(dump.verification?.good?.documents ?? 0),
        ])
      metrics.countFailure(.shrank)
    }
  }

  private func reportImpostors(_ found: [LeftAlone.Impostor]) {
    for impostor in impostors.newOnes(found) {
      logger.warning(
        "a name of a dump is no regular file, and is passed over; put the file itself there",
        metadata: ["dump.name": "\(impostor.name)", "dump.kind": "\(impostor.kind)"])
    }
  }

  private func reportCache() {
    switch volume.cacheFault.takeChange() {
    case .began(let trouble)?:
      metrics.countFailure(.notes)
      logger.warning(
        "the sidecar's notes are in memory only; after its next start dumps are verified again",
        metadata: ["setting.mem_dump_path": "\(volume.dumpPath)", "error": "\(trouble)"])
    case .ended?: logger.notice("the sidecar's notes are on the volume again")
    case nil: break
    }
  }

  private func measure(_ dumps: [KnownDump], _ report: Pruner.Report?) {
    metrics.change { values in
      values.dumps = dumps.count
      values.bytes = dumps.reduce(0) { $0 + $1.entry.bytes }
      values.unverified = dumps.count { $0.verification == nil }
      values.damaged = dumps.count { $0.verification?.fault != nil }
      values.newestVerified = dumps.first(where: \.isGood).map {
        .init(
          createdAt: $0.createdSeconds, bytes: $0.entry.bytes, documents: $0.verification?.good?.documents ?? 0)
      }
      guard let report else { return }
      values.pruned += report.trashed.count - report.trashedJournals
      values.prunedJournals += report.trashedJournals
      values.unlinked += report.unlinked.count
      if !report.failures.isEmpty { values.failures[.prune, default: 0] += 1 }
    }
  }
}
