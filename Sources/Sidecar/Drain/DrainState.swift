/// A drain as a value: what it has learned so far, and what it does next. It has no clock and acts on nothing itself.
///
/// Every event returns the next action. The caller carries the action out and reports what came of it by the event that
/// the action names. An interruption is the only event that may come while an action is under way; the event of that
/// action is then ignored. All times count from the beginning of the drain, and no action runs past the deadline.
///
/// The outcome is decided in one place, `decide`, and does not change afterwards.
struct DrainState: Sendable {
  /// The next action of the caller, and its deadline.
  enum Action: Sendable, Equatable {
    /// Request a dump from the gateway. Reported by `dumpWritten` or `requestFailed`.
    case requestDump(until: Duration)
    /// Request the gateway's readiness. Reported by `readinessChecked`.
    case requestReadiness(until: Duration)
    /// Do nothing for a while. Reported by `pauseEnded`.
    case pause(until: Duration)
    /// Watch the lease. Reported by `leaseWatched`.
    case watchLease(until: Duration)
    /// Verify the dump that the gateway says it wrote. Reported by `dumpChecked`.
    case checkDump(DumpAnswer, until: Duration)
    /// Verify the newest dump of the dump directory. Reported by `dumpChecked`.
    case checkNewestDump(until: Duration)
    /// Copy the verified dump to S3, or the newest verified one if this drain has verified none. Reported by
    /// `copyEnded`.
    case copyDump(until: Duration)
    /// Write the receipt. Reported by `receiptEnded`.
    case writeReceipt(DrainFinding, until: Duration)
    /// End the process with the exit code of this finding.
    case exit(DrainFinding)
    /// Nothing. An interruption has cut the step short, and its caller ends the drain.
    case ignore
  }

  /// The requests since the drain began, or since the lease showed that the gateway still runs.
  struct Requests: Sendable {
    /// When the request that is under way began.
    var startedAt: Duration
    /// Whether the lease was watched before these requests.
    let followsLease: Bool
    var pause = RetryPause()
    var refusedLogins = 0
    /// Refused connections in a row.
    var refusedConnections = 0
    /// Requests without an answer in a row.
    var unanswered = 0
  }

  /// Why the gateway brings no dump, where only the lease tells what that means.
  enum Silence: Sendable {
    /// Nothing listens at its address, with how that showed.
    case notThere(String)
    /// It is there, loads its state, and was not seen ready.
    case starting(String)
    /// It says that it does not hold the lease, although it took changes.
    case deposed(String)
  }

  enum Phase: Sendable {
    case idle
    /// Before each request for a dump: a standby is asked for none.
    case checkingRole(Requests)
    case requesting(Requests)
    /// The gateway said that it is not ready; its readiness tells whether it starts or stops.
    case checkingReadiness(Requests, after: GatewayError)
    /// The gateway does not answer; its lease tells whether it has ended.
    case checkingHolder(Requests, after: GatewayError, isLast: Bool)
    case pausing(Requests, after: GatewayError)
    case watchingLease(Silence, followsLease: Bool)
    case checkingDump(since: Duration)
    /// The gateway brought no dump, with what that means.
    case checkingNewestDump(DrainFinding, since: Duration)
    /// The gateway was on standby. It may have become the writer while the newest dump was verified.
    case confirmingStandby(DrainFinding)
    case copying(DrainFinding)
    case writingReceipt(DrainFinding)
    case ended(DrainFinding)
  }

  /// The time that the whole drain may take.
  let limit: Duration
  /// The last observation of the gateway.
  private(set) var sighting: GatewaySighting
  /// The gateway's name as the holder of the lease, or `nil` when that was not seen.
  let ownHolder: String?
  /// `MEM_DUMP_PATH`, for messages.
  let dumpPath: String
  /// The bucket of the copies in S3, or `nil` where none are configured.
  let bucket: String?

  var phase = Phase.idle
  /// The results of the drain so far.
  var record = DrainRecord()
  /// The dump that this drain has verified.
  private(set) var verified: KnownDump?
  /// Whether it was looked again if a gateway on standby still is.
  var isStandbyConfirmed = false

  /// - Parameters:
  ///   - limit: the time that the whole drain may take.
  ///   - sighting: what was last seen of the gateway.
  ///   - ownHolder: the gateway's name as the holder of the lease, or `nil` when that was not seen.
  ///   - dumpPath: `MEM_DUMP_PATH`, for messages.
  ///   - bucket: the bucket of the copies in S3, or `nil` where none are configured.
  init(limit: Duration, sighting: GatewaySighting, ownHolder: String?, dumpPath: String, bucket: String?) {
    self.limit = limit
    self.sighting = sighting
    self.ownHolder = ownHolder
    self.dumpPath = dumpPath
    self.bucket = bucket
  }

  /// The end of the drain, once it is decided.
  var finding: DrainFinding? {
    switch phase {
    case .copying(let finding), .writingReceipt(let finding), .ended(let finding): finding
    default: nil
    }
  }

  /// The exit code so far: a failure until the outcome is decided.
  var exit: SidecarExit { finding.map(\.outcome.exit) ?? .failure }

  /// Begins the drain.
  mutating func start(at now: Duration) -> Action {
    guard case .idle = phase else { return .ignore }
    return requestDump(at: now, followsLease: false)
  }

  /// Takes in a second signal: the receipt is written at once.
  mutating func interrupt(_ signal: String, at now: Duration) -> Action {
    if case .ended = phase { return .ignore }
    let finding = decide(
      DrainFinding(.interrupted, "a second signal (\(signal)) ended the drain before it was done"))
    phase = .writingReceipt(finding)
    return .writeReceipt(finding, until: min(limit, now + Self.interruptedReceiptTime))
  }

  /// Takes in what verifying a dump showed.
  mutating func dumpChecked(_ result: DumpCheck.Result, at now: Duration) -> Action {
    switch phase {
    case .checkingDump(let since):
      if case .verified(let checked) = result { note(checked, isNew: true, took: now - since) }
      return copyDump(decide(DrainFinding(ofAnswered: result, dumpPath: dumpPath)))
    case .checkingNewestDump(let finding, let since):
      if case .verified(let checked) = result { note(checked, isNew: false, took: now - since) }
      let whole = finding.with(
        newest: result, journal: record.journal, tookChanges: sighting.tookChanges, dumpPath: dumpPath)
      guard whole.outcome == .standby, !isStandbyConfirmed, now < requestDeadline else { return end(whole) }
      isStandbyConfirmed = true
      return askRole(.confirmingStandby(whole), at: now)
    default: return .ignore
    }
  }

  /// Ends the drain with this finding, after the copy to S3.
  mutating func end(_ finding: DrainFinding) -> Action { copyDump(decide(finding)) }

  /// Takes in that the gateway, which was on standby, is the writer.
  mutating func noteTakeOver() { sighting.see(isWriter: true) }

  /// Takes in what became of the copy in S3.
  mutating func copyEnded(_ copy: DrainReceipt.Copy) -> Action {
    guard case .copying(let finding) = phase else { return .ignore }
    record.copy = copy
    return writeReceipt(finding)
  }

  /// Takes in that the receipt is written, or can't be written in time. Both end the drain with the outcome as it is.
  mutating func receiptEnded() -> Action {
    guard case .writingReceipt(let finding) = phase else { return .ignore }
    phase = .ended(finding)
    return .exit(finding)
  }
}

extension DrainState {
  /// How long the receipt may take after an interruption.
  private static let interruptedReceiptTime = Duration.milliseconds(500)

  /// Verifying and the receipt need some of the time. A dump that takes longer than the rest is not waited for.
  var requestDeadline: Duration { limit - min(.seconds(8), limit / 4) }
  /// Leaves time for the receipt.
  private var verificationDeadline: Duration { limit - min(.seconds(2), limit / 10) }
  private var copyDeadline: Duration { limit - min(.seconds(2), limit / 4) }
  private var receiptDeadline: Duration { limit - min(.milliseconds(300), limit / 20) }

  /// Verifies the dump that the gateway says it wrote.
  mutating func checkDump(_ answer: DumpAnswer, at now: Duration) -> Action {
    phase = .checkingDump(since: now)
    return .checkDump(answer, until: verificationDeadline)
  }

  /// Verifies the newest dump, as the gateway brought none.
  mutating func checkNewestDump(_ finding: DrainFinding, at now: Duration) -> Action {
    phase = .checkingNewestDump(finding, since: now)
    return .checkNewestDump(until: verificationDeadline)
  }

  private mutating func note(_ checked: DumpCheck.Checked, isNew: Bool, took: Duration) {
    verified = checked.dump
    record.dump = DrainReceipt.Dump(checked, verifyingTook: took, isNew: isNew)
  }

  /// Decides the outcome: the first finding stays.
  private func decide(_ finding: DrainFinding) -> DrainFinding { self.finding ?? finding }

  /// Copies the dump to S3 where copies are configured, and then writes the receipt.
  private mutating func copyDump(_ finding: DrainFinding) -> Action {
    guard let bucket else { return writeReceipt(finding) }
    if finding.outcome == .standby {
      record.copy = .init(bucket: bucket, reason: "another task is the writer, and its sidecar makes the copies")
      return writeReceipt(finding)
    }
    // This is what the receipt says if an interruption ends the process during the copy.
    record.copy = .init(bucket: bucket, reason: "the drain ended before the copy was done")
    phase = .copying(finding)
    return .copyDump(until: copyDeadline)
  }

  private mutating func writeReceipt(_ finding: DrainFinding) -> Action {
    phase = .writingReceipt(finding)
    return .writeReceipt(finding, until: receiptDeadline)
  }
}
