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
  /// Whether damaged and undecryptable dumps are removed too, at an operator's request.
  var removesDamaged = false

  /// The removals, and the failures.
  struct Report: Sendable, Equatable {
    var trashed: [String] = []
    var unlinked: [String] = []
    var failures: [String] = []
  }

  /// The decision of the rules on each dump.
  func plan(_ dumps: [KnownDump], clock: ClockReading) -> RetentionPlan {
    RetentionPlan(
      dumps: volume.judged(dumps), policy: policy, clock: clock, removesDamaged: removesDamaged)
  }

  /// Moves dumps that no rule keeps to the trash, oldest first, and unlinks files that were there long enough.
  func prune(_ dumps: [KnownDump], clock: ClockReading) -> Report {
    var report = Report()
    let begun = SteadyClock.now()
    let plan = plan(dumps, clock: clock)
    let byName = Dictionary(dumps.map { (UTF8Key($0.name), $0) }) { first, _ in first }
    for (decision, dump) in zip(plan.decisions, dumps).reversed() where !decision.isKept {
      guard let anchor = plan.anchor.flatMap({ byName[UTF8Key($0)] }), isThere(anchor) else {
        report.failures.append("nothing more is pruned: the newest verified dump is not as it was")
        break
      }
      guard let identity = dump.identity else { continue }
      do {
        guard try volume.directory.moveToTrash(dump.name, identity) else { continue }
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
    // Dumps were moved to the trash after the clock was read. The time since is rounded up, as the reading was rounded
    // down.
    let clock = clock.later(by: Int((SteadyClock.now() - begun).components.seconds) + 1)
    empty(clock, hasGoodDump: dumps.contains { $0.isGood && isThere($0) }, &report)
    return report
  }

  private func empty(_ clock: ClockReading, hasGoodDump: Bool, _ report: inout Report) {
    do {
      let files = try volume.directory.trash().map { TrashedFile(name: $0.name, trashedAt: $0.trashedAt) }
      for name in trash.filesToUnlink(files, clock: clock, hasGoodDump: hasGoodDump) {
        try volume.directory.removeFromTrash(name)
        report.unlinked.append(name)
        logger.info("dump unlinked from the trash", metadata: ["dump.name": "\(name)"])
      }
    } catch {
      report.failures.append("trash: \(error)")
      logger.warning("the trash can't be emptied", metadata: ["error": "\(error)"])
    }
  }

  private func isThere(_ dump: KnownDump) -> Bool {
    guard dump.isGood, let identity = dump.identity else { return false }
    // A dump whose attributes can't be read counts as gone: it justifies no removal, and the report says so.
    return (try? FileIdentity(of: dump.entry.path)) == identity
  }
}
