import Clocks
import DumpDirectory
import JSON
import Logging
import Retention

/// Carries out the decisions of the retention rules.
struct Pruner: Sendable {
  let volume: DumpVolume
  let policy: RetentionPolicy
  let trash: TrashPolicy
  let logger: Logger
  /// Whether damaged and undecryptable dumps and journals are removed too, at an operator's request.
  var removesDamaged = false
  /// Why nothing more may be removed now, or `nil` when it may. It is asked before each removal, as another task can
  /// become the writer meanwhile.
  var obstacle: @Sendable () -> String? = { nil }

  /// The removals, and the failures.
  struct Report: Sendable, Equatable {
    /// Dumps and journals.
    var trashed: [String] = []
    /// The number of journals among them.
    var trashedJournals = 0
    var unlinked: [String] = []
    var failures: [String] = []
    /// Why the rest was left, which is no failure, or `nil` when nothing was.
    var stopped: String?
    /// The seconds until a file of the trash is due, or `nil` when there is none.
    var secondsToUnlink: Int?
  }

  /// The decision of the rules on each dump and journal.
  func plan(_ dumps: [KnownDump], _ journals: [KnownJournal], clock: ClockReading) -> RetentionPlan {
    RetentionPlan(
      dumps: volume.judged(dumps, with: journals), journals: journals.map(\.judged), policy: policy, clock: clock,
      removesDamaged: removesDamaged)
  }

  /// Moves dumps and journals that no rule keeps to the trash, oldest first, and unlinks files that were there long
  /// enough.
  func prune(_ dumps: [KnownDump], _ journals: [KnownJournal], clock: ClockReading) -> Report {
    var report = Report()
    let begun = SteadyClock.now()
    let plan = plan(dumps, journals, clock: clock)
    let byName = Dictionary(dumps.map { (UTF8Key($0.name), $0) }) { first, _ in first }
    for (decision, dump) in zip(plan.decisions, dumps).reversed() where !decision.isKept {
      guard isThere(plan.anchor, byName) else {
        report.failures.append("nothing more is pruned: the newest verified dump is not as it was")
        break
      }
      guard isFree(&report) else { return report }
      trash(dump, decision, &report)
    }
    for (decision, journal) in zip(plan.journalDecisions, journals) where !decision.isKept {
      guard isThere(plan.anchor, byName), isThere(plan.journalAnchor, byName) else {
        report.failures.append("no more journals are pruned: the dump that has their changes is not as it was")
        break
      }
      guard isFree(&report) else { return report }
      trash(journal, decision, &report)
    }
    // Dumps were moved to the trash after the clock was read. The time since is rounded up, as the reading was rounded
    // down.
    let clock = clock.later(by: Int((SteadyClock.now() - begun).components.seconds) + 1)
    empty(clock, hasGoodDump: dumps.contains { $0.isGood && isThere($0) }, &report)
    return report
  }

  private func isFree(_ report: inout Report) -> Bool {
    guard let obstacle = obstacle() else { return true }
    report.stopped = obstacle
    return false
  }

  private func trash(_ dump: KnownDump, _ decision: RetentionPlan.Decision, _ report: inout Report) {
    do {
      guard let identity = dump.identity, try volume.directory.moveToTrash(dump.name, identity) else { return }
      report.trashed.append(dump.name)
      logger.info(
        "dump pruned",
        metadata: [
          "dump.name": "\(dump.name)", "dump.bytes": .stringConvertible(dump.entry.bytes),
          "reason": "\(decision.reasons.map(\.description).joined(separator: ", "))",
        ])
    } catch {
      report.failures.append("\(dump.name): \(error)")
      logger.warning("dump not pruned", metadata: ["dump.name": "\(dump.name)", "error": "\(error)"])
    }
  }

  private func trash(_ journal: KnownJournal, _ decision: RetentionPlan.Decision, _ report: inout Report) {
    do {
      guard let identity = journal.identity, try volume.directory.moveToTrash(journal.name, identity) else { return }
      report.trashed.append(journal.name)
      report.trashedJournals += 1
      logger.info(
        "journal pruned",
        metadata: [
          "journal.name": "\(journal.name)", "journal.bytes": .stringConvertible(journal.bytes),
          "reason": "\(decision.reasons.map(\.description).joined(separator: ", "))",
        ])
    } catch {
      report.failures.append("\(journal.name): \(error)")
      logger.warning("journal not pruned", metadata: ["journal.name": "\(journal.name)", "error": "\(error)"])
    }
  }

  private func empty(_ clock: ClockReading, hasGoodDump: Bool, _ report: inout Report) {
    do {
      let files = try volume.directory.trash().map { TrashedFile(name: $0.name, trashedAt: $0.trashedAt) }
      for name in trash.filesToUnlink(files, clock: clock, hasGoodDump: hasGoodDump) {
        guard isFree(&report) else { return }
        try volume.directory.removeFromTrash(name)
        report.unlinked.append(name)
        logger.info("dump unlinked from the trash", metadata: ["dump.name": "\(name)"])
      }
      report.secondsToUnlink = trash.secondsToNext(files, clock: clock)
    } catch {
      report.failures.append("trash: \(error)")
      logger.warning("the trash can't be emptied", metadata: ["error": "\(error)"])
    }
  }

  private func isThere(_ name: String?, _ byName: [UTF8Key: KnownDump]) -> Bool {
    name.flatMap { byName[UTF8Key($0)] }.map(isThere) == true
  }

  private func isThere(_ dump: KnownDump) -> Bool {
    guard dump.isGood, let identity = dump.identity else { return false }
    // A dump whose attributes can't be read counts as gone: it justifies no removal, and the report says so.
    return (try? FileIdentity(of: dump.entry.path)) == identity
  }
}
