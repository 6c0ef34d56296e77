import DumpReports

/// The end of a drain, as far as the gateway, its lease and the volume tell.
struct DrainFinding: Sendable, Equatable {
  let outcome: DrainOutcome
  /// A sentence that says what happened and, after a fault, what to do.
  let sentence: String

  init(_ outcome: DrainOutcome, _ sentence: String) {
    self.outcome = outcome
    self.sentence = sentence
  }

  /// The gateway is not there.
  ///
  /// - Parameters:
  ///   - sentence: how that showed.
  ///   - own: the gateway's name as the holder of the lease, or `nil` when that was not seen.
  static func notThere(
    _ sentence: String, _ sighting: GatewaySighting, own: String?, _ lease: LeaseEvidence
  ) -> DrainFinding {
    let isKnown = sighting != .neverReady
    let gone =
      isKnown ? "the gateway had ended already" : "the gateway is not there and was not seen ready by this sidecar"
    let outcome = isKnown ? DrainOutcome.serviceGone : .neverReady
    return switch GatewayEnd(sighting, own: own, lease) {
    case .unknown: DrainFinding(outcome, "\(gone) (\(sentence)); there is no lease that tells how it ended")
    case .inOrder: DrainFinding(outcome, "\(gone) (\(sentence)); it ended in order, as it had released the lease")
    case .onStandby: DrainFinding(.standby, "\(gone) (\(sentence)); another task is the writer of this volume")
    case .alive: DrainFinding(.timedOut, "the gateway renews its lease and does not take the request (\(sentence))")
    case .crashed(let reason):
      DrainFinding(.serviceCrashed, "the gateway did not end in order (\(sentence)): \(reason)")
    case .hidden(let reason):
      DrainFinding(.leaseUnreadable, "\(gone) (\(sentence)), and nothing tells whether in order: \(reason)")
    }
  }

  /// The gateway is there, was not seen ready by this sidecar, and loads its state. An earlier process may have taken
  /// changes.
  static func starting(_ sentence: String, _ lease: LeaseEvidence) -> DrainFinding {
    switch GatewayEnd(.neverReady, own: nil, lease) {
    case .unknown, .inOrder, .onStandby, .alive:
      DrainFinding(.neverReady, "the gateway is still starting and took no changes (\(sentence))")
    case .crashed(let reason):
      DrainFinding(
        .serviceCrashed,
        "the gateway is still starting (\(sentence)), and before it one did not end in order: \(reason)")
    case .hidden(let reason):
      DrainFinding(
        .leaseUnreadable,
        "the gateway is still starting (\(sentence)), and nothing tells how the one before it ended: \(reason)")
    }
  }

  /// The gateway is there, took changes during the life of this sidecar, and says that another task is the writer.
  static func deposed(_ sentence: String, own: String?, _ lease: LeaseEvidence) -> DrainFinding {
    switch GatewayEnd(.deposed, own: own, lease) {
    case .unknown, .inOrder, .onStandby: DrainFinding(.standby, sentence)
    case .alive: DrainFinding(.timedOut, "the gateway holds the lease and wrote no dump in time (\(sentence))")
    case .crashed: DrainFinding(.leaseLost, "this task took changes and has lost the lease since (\(sentence))")
    case .hidden(let reason):
      DrainFinding(.leaseUnreadable, "\(sentence); nothing tells how it lost the lease: \(reason)")
    }
  }

  /// The gateway says that it wrote a dump.
  ///
  /// - Parameters:
  ///   - result: what verifying that dump showed.
  ///   - dumpPath: `MEM_DUMP_PATH`, for messages.
  init(ofAnswered result: DumpCheck.Result, dumpPath: String) {
    switch result {
    case .verified(let checked):
      if let newer = checked.supersededBy {
        self.init(
          .leaseLost,
          "the dump '\(checked.dump.name)' verifies, but a start would take '\(newer)', which is of a later holder of the lease"
        )
      } else {
        self.init(.drained, "the dump is safe")
      }
    case .noDump: self.init(.notOnVolume, Self.noDump)
    case .failed(let failure): self.init(failure.outcome, "\(failure)")
    case .late: self.init(late: dumpPath)
    }
  }

  private init(late dumpPath: String) {
    self.init(.volumeFailed, "the volume did not answer in time; look at the mount of '\(dumpPath)'")
  }

  private static let noDump = "there is no dump on the volume"

  /// Adds what the newest dump and the journals show. That changes may be lost weighs more than a fault of that dump;
  /// both are said.
  ///
  /// - Parameters:
  ///   - result: what verifying the newest dump showed.
  ///   - journal: the newest place of the journals that is safe, or `nil` when there is none or it is not known.
  ///   - tookChanges: whether the gateway was seen as the writer.
  ///   - dumpPath: `MEM_DUMP_PATH`, for messages.
  func with(newest result: DumpCheck.Result, journal: SafePlace?, tookChanges: Bool, dumpPath: String) -> DrainFinding {
    let fault: DrainFinding
    switch result {
    case .verified(let checked):
      return withNewest(checked.dump.name, createdAt: checked.good.createdAt, journal: journal)
    case .noDump: return withoutDump(journal: journal, tookChanges: tookChanges)
    case .failed(let failure): fault = DrainFinding(failure.outcome, "\(failure)")
    case .late: fault = DrainFinding(late: dumpPath)
    }
    return outcome.exit == .changesMayBeLost ? adding(fault.sentence) : fault
  }

  private func adding(_ words: String) -> DrainFinding { DrainFinding(outcome, "\(sentence); \(words)") }

  /// Adds the newest dump, which verifies.
  ///
  /// - Parameters:
  ///   - name: the name of the dump.
  ///   - createdAt: RFC 3339.
  func withNewest(_ name: String, createdAt: String, journal: SafePlace?) -> DrainFinding {
    guard outcome.exit == .changesMayBeLost else { return self }
    if let safe = journal?.sentence { return adding("the newest dump is '\(name)' of \(createdAt); \(safe)") }
    return adding("changes since the newest dump, '\(name)' of \(createdAt), may be lost")
  }

  /// Adds that there is no dump.
  ///
  /// - Parameter tookChanges: whether the gateway was seen as the writer.
  func withoutDump(journal: SafePlace?, tookChanges: Bool) -> DrainFinding {
    let (words, safe) = (Self.noDump, journal?.sentence)
    if outcome.exit == .changesMayBeLost {
      if let safe { return adding("\(words); \(safe)") }
      return adding("\(words), so every change may be lost")
    }
    guard outcome.exit == .success, tookChanges, outcome != .standby else { return adding(words) }
    let missing = DrainFinding(.noDump, "\(sentence); \(words), though the gateway took changes")
    if let safe { return missing.adding(safe) }
    return missing
  }
}
