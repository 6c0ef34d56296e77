import Clocks
import DumpDirectory
import DumpReports
import Logging
import Synchronization
import Threads

/// What is on the volume when the service has been asked.
extension Drain {
  /// The dump that the service says it wrote.
  func check(_ answer: DumpAnswer) {
    let (check, start) = (DumpCheck(volume: volume), SteadyClock.now())
    let found = worker.run(until: verificationDeadline) { try check.check(answer) }
    if let checked = take(found, isNew: true, since: start) {
      if let newer = checked.supersededBy {
        finish(
          DrainFinding(
            .leaseLost,
            "the dump '\(checked.dump.name)' verifies, but a start would take '\(newer)', which is of a later holder of the lease"
          ))
      } else {
        finish(DrainFinding(.drained, "the dump is safe"))
      }
    }
  }

  /// The newest dump that is there, when the service brought none.
  func checkNewest(_ finding: DrainFinding) {
    let (check, start) = (DumpCheck(volume: volume), SteadyClock.now())
    let found = worker.run(until: verificationDeadline) { () -> DumpCheck.Checked in
      guard let newest = try check.checkNewest() else { throw NoDump() }
      return newest
    }
    if case .failed(let error) = found, error is NoDump {
      finish(finding.withoutDump(tookChanges: sighting.tookChanges))
      return
    }
    // That changes may be lost weighs more than what is wrong with the newest dump; both are said.
    let isWorse = finding.outcome.exit == .changesMayBeLost
    guard
      let checked = take(found, isNew: false, since: start, elseFinish: { isWorse ? finding.adding($0.sentence) : $0 })
    else { return }
    finish(finding.withNewest(checked.dump.name, createdAt: checked.good.createdAt))
  }

  private struct NoDump: Error {}

  /// Notes a dump that verifies in the receipt, or ends with what is wrong with it.
  private func take(
    _ found: Worker.Outcome<DumpCheck.Checked>, isNew: Bool, since start: Duration,
    elseFinish ending: (DrainFinding) -> DrainFinding = { $0 }
  ) -> DumpCheck.Checked? {
    guard case .done(let checked) = found else {
      finish(ending(fault(found)))
      return nil
    }
    let took = SteadyClock.now() - start
    receipt.withLock {
      $0.verified = checked.dump
      $0.dump = .init(
        name: checked.dump.name, path: checked.dump.entry.path, bytes: checked.dump.entry.bytes,
        verification: checked.good, verifyingTook: took, isNew: isNew, predecessor: checked.predecessor,
        shrank: checked.shrank)
    }
    if checked.shrank {
      logger.warning(
        "the dump shrank by more than half; it pushes no older one out until it is accepted (prune --accept-shrunk)",
        metadata: ["dump.name": "\(checked.dump.name)", "dump.documents": .stringConvertible(checked.good.documents)])
    }
    return checked
  }

  private func fault(_ found: Worker.Outcome<DumpCheck.Checked>) -> DrainFinding {
    if case .failed(let error) = found {
      let failure = error as? DumpCheck.Failure ?? .unreadable("\(error)")
      return DrainFinding(failure.outcome, "\(failure)")
    }
    return DrainFinding(.volumeFailed, "the volume did not answer in time; look at the mount of '\(volume.place)'")
  }

  private func finish(_ finding: DrainFinding) {
    receipt.withLock { receipt in
      guard receipt.outcome == nil else { return }
      receipt.outcome = finding.outcome
      receipt.sentence = finding.sentence
    }
  }

  /// Leaves time for the receipt.
  private var verificationDeadline: Deadline { deadline.keeping(min(.seconds(2), limit / 10)) }
}
