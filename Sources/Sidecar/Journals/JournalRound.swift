import Clocks
import DumpReports
import Logging
import Synchronization

/// The part of a round over the volume that is about journals: verify those that nothing is written to any more, and
/// look whether one is missing.
struct JournalRound: Sendable {
  let volume: DumpVolume
  let metrics: SidecarMetrics
  let logger: Logger
  /// A journal is missing.
  let gap = OngoingFault()

  /// Reads the journals, and verifies those that are new.
  ///
  /// - Parameter isStopping: asked between journals. If a drain needs the volume, the remaining ones wait.
  /// - Returns: the journals, the oldest first; and whether one was verified.
  func run(beside dumps: [KnownDump], isStopping: () -> Bool) throws -> (journals: [KnownJournal], isNew: Bool) {
    var journals = try volume.journals(beside: dumps)
    var isNew = false
    volume.savingCacheOnce {
      for index in journals.indices where journals[index].isVerificationDue && !isStopping() {
        journals[index] = verify(journals[index], among: journals, isStopping)
        isNew = isNew || journals[index].verification != nil
      }
    }
    try report(journals, dumps)
    return (journals, isNew)
  }

  private func verify(_ journal: KnownJournal, among all: [KnownJournal], _ isStopping: () -> Bool) -> KnownJournal {
    let start = SteadyClock.now()
    let verified = volume.verify(journal, among: all, isCancelled: isStopping)
    guard !isStopping() || verified.verification != nil else { return verified }
    var metadata: Logger.Metadata = [
      "journal.name": "\(journal.name)", "journal.bytes": .stringConvertible(journal.bytes),
      "duration.ms": .stringConvertible((SteadyClock.now() - start).milliseconds),
    ]
    switch verified.verification {
    case .good(let good)?:
      metadata["journal.commits"] = .stringConvertible(good.commits)
      logger.info("journal verified", metadata: metadata)
      metrics.change { $0.verifiedJournals += 1 }
    case .damaged(let reason)?, .unopened(let reason)?:
      metadata["error"] = "\(reason)"
      logger.error(
        "journal does not verify; ask for a dump, so that a restore does not need it", metadata: metadata)
      metrics.countFailure(.damagedJournal)
    case nil:
      metadata["error"] = "\(verified.readFault ?? "unknown")"
      logger.warning("journal can't be read just now", metadata: metadata)
      metrics.countFailure(.unreadable)
    }
    return verified
  }

  private func report(_ journals: [KnownJournal], _ dumps: [KnownDump]) throws {
    gap.note(journals.isEmpty ? nil : try volume.gap(in: journals, behind: dumps))
    switch gap.takeChange() {
    case .began(let trouble)?:
      metrics.countFailure(.missingJournal)
      logger.error("a journal is missing; ask for a dump at once", metadata: ["error": "\(trouble)"])
    case .ended?: logger.notice("no journal is missing any more")
    case nil: break
    }
    let isMissing = gap.present != nil
    metrics.change { values in
      values.journals = journals.count
      values.journalBytes = journals.reduce(0) { $0 + $1.bytes }
      values.damagedJournals = journals.count { $0.verification?.fault != nil }
      values.isJournalMissing = isMissing
    }
  }
}
