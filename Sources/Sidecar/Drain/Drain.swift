import Clocks
import DumpDirectory
import Logging
import Logs
import Synchronization
import Threads

/// Asks for the last dump, checks it, copies it, and writes the receipt, all by one deadline.
final class Drain: Sendable {
  let volume: DumpVolume
  let worker: Worker
  let logger: Logger
  let limit: Duration
  let deadline: Deadline
  let sighting: ServiceSighting
  /// The service's name as the holder of the lease; `nil` when that was not seen.
  private let own: String?
  let receipt: Mutex<DrainReceipt>
  private let copy: DrainCopy?
  private let begun: Duration

  /// The deadline runs from here.
  ///
  /// - Parameters:
  ///   - copy: copies the drain's dump to S3; `nil` where no copies are configured.
  ///   - sighting: what was last seen of the service.
  ///   - own: the name that it had as the holder of the lease; `nil` when that was not seen.
  init(
    _ configuration: SidecarConfiguration, volume: DumpVolume, worker: Worker, copy: DrainCopy?, logger: Logger,
    cause: String, sighting: ServiceSighting, own: String? = nil, clock: WallClock = .system
  ) {
    self.volume = volume
    self.worker = worker
    self.copy = copy
    self.logger = logger
    self.sighting = sighting
    self.own = own
    limit = configuration.drainDeadline
    deadline = Deadline(in: configuration.drainDeadline)
    begun = SteadyClock.now()
    receipt = Mutex(
      DrainReceipt(
        startedAt: clock.now(), deadline: configuration.drainDeadline, cause: cause, url: configuration.url,
        sighting: sighting))
  }

  func run(_ client: GatewayClient) -> SidecarExit {
    let cause = receipt.withLock { $0.cause }
    logger.notice(
      "drain started",
      metadata: ["drain.cause": "\(cause)", "drain.deadline.ms": .stringConvertible(limit.milliseconds)])
    var result = ask(client)
    var evidence: LeaseEvidence?
    while needsLease(result) {
      let isAgain = evidence != nil
      let lease = witness()
      evidence = lease
      guard case .held(let holder, .renewed, _) = lease, !askingDeadline.isOver else { break }
      // Someone renews the lease: it may be this service, started again a moment ago, or one that could not look at it for a
      // while. If it certainly is, it is asked on.
      guard holder == own || !isAgain else { break }
      result = ask(client)
    }
    switch result {
    case .dumped(let answer): check(answer)
    case .ended(let outcome, let sentence): checkNewest(DrainFinding(outcome, sentence))
    case .notThere(let sentence): checkNewest(.notThere(sentence, sighting, own: own, evidence ?? witness()))
    case .starting(let sentence): checkNewest(.starting(sentence, witness()))
    case .standby(let sentence):
      checkNewest(
        sighting.tookChanges
          ? .deposed(sentence, own: own, evidence ?? witness()) : DrainFinding(.standby, sentence))
    }
    copyDump()
    return end()
  }

  /// Whether only the lease tells what an answer means.
  private func needsLease(_ result: DumpRequest.Result) -> Bool {
    switch result {
    case .notThere: true
    case .standby: sighting.tookChanges
    case .dumped, .ended, .starting: false
    }
  }

  /// Ends at once, because of a second signal. Called from another thread than `run`.
  func interrupt(_ signal: String) -> SidecarExit {
    receipt.withLock { receipt in
      guard receipt.outcome == nil else { return }
      receipt.outcome = .interrupted
      receipt.sentence = "a second signal (\(signal)) ended the drain before it was done"
    }
    return end(within: .milliseconds(500))
  }

  /// Verifying and the receipt need some of the time; a dump that takes longer than the rest is not waited for.
  private var askingDeadline: Deadline { deadline.keeping(min(.seconds(8), limit / 4)) }

  private func ask(_ client: GatewayClient) -> DumpRequest.Result {
    let before = SteadyClock.now() - begun
    let asking = DumpRequest(
      client: client, deadline: askingDeadline, waitsUntilReady: sighting != .neverReady,
      hasEnded: { self.hasHolderDied })
    return asking.run { step, result, startedAt, took in
      receipt.withLock {
        $0.attempts.append(.init(step: step, result: result, startedAt: before + startedAt, took: took))
      }
    }
  }

  /// Whether the lease's holder is known to have ended. One look tells; a volume that hangs is not waited for.
  private var hasHolderDied: Bool {
    let evidence = LeaseWitness(volume: volume, worker: worker).testify(deadline.within(.seconds(1)))
    if case .held(_, .abandoned, _) = evidence { return true }
    return false
  }

  private func witness() -> LeaseEvidence { LeaseWitness(volume: volume, worker: worker).testify(askingDeadline) }

  /// Copies what the drain has verified, or else the newest dump that is verified, in the time that is left.
  private func copyDump() {
    guard let copy else { return }
    // In case that a second signal ends the process meanwhile.
    receipt.withLock { $0.copy = .init(bucket: copy.bucket, reason: "the drain ended before the copy was done") }
    let dump = receipt.withLock { $0.verified }
    let result = copy.run(dump, until: deadline.keeping(min(.seconds(2), limit / 4)))
    receipt.withLock { $0.copy = result }
    guard let reason = result.reason, !result.isThere else { return }
    logger.warning(
      "the drain's dump is not in S3",
      metadata: [
        "dump.name": "\(result.dump ?? "none")", "offsite.bucket": "\(copy.bucket)", "error": "\(reason)",
        "duration.ms": .stringConvertible(result.took.milliseconds),
      ])
  }

  /// Writes the receipt and says how it went.
  private func end(within: Duration? = nil) -> SidecarExit {
    let done = receipt.withLock { receipt in
      receipt.took = SteadyClock.now() - begun
      return receipt
    }
    let limit = within.map { deadline.within($0) } ?? deadline.keeping(min(.milliseconds(300), limit / 20))
    return DrainEnd(receipt: done, volume: volume, logger: logger).run(until: limit)
  }
}
