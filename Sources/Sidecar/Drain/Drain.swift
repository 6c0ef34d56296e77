import Clocks
import DumpDirectory
import DumpReports
import Logging
import Logs
import Synchronization
import Threads

/// Carries out a drain: requests the last dump, verifies it, copies it and writes the receipt, all by one deadline.
/// `DrainState` decides each step.
final class Drain: Sendable {
  private let volume: DumpVolume
  private let worker: Worker
  private let copy: DrainCopy?
  private let logger: Logger
  private let state: Mutex<DrainState>
  private let beginning: DrainReceipt.Beginning
  private let receipt: ReceiptWriter
  private let begun: Duration
  private let deadline: Deadline
  private let ended = Wakeup()

  /// The deadline runs from here.
  ///
  /// - Parameters:
  ///   - copy: copies the drain's dump to S3, or `nil` where no copies are configured.
  ///   - sighting: what was last seen of the gateway.
  ///   - ownHolder: the gateway's name as the holder of the lease, or `nil` when that was not seen.
  init(
    _ configuration: SidecarConfiguration, volume: DumpVolume, worker: Worker, copy: DrainCopy?, logger: Logger,
    cause: String, sighting: GatewaySighting, ownHolder: String? = nil, clock: WallClock = .system
  ) {
    self.volume = volume
    self.worker = worker
    self.copy = copy
    self.logger = logger
    deadline = Deadline(in: configuration.drainDeadline)
    begun = SteadyClock.now()
    beginning = DrainReceipt.Beginning(
      startedAt: clock.now(), deadline: configuration.drainDeadline, cause: cause, url: configuration.url,
      sighting: sighting)
    receipt = ReceiptWriter(volume: volume, logger: logger)
    state = Mutex(
      DrainState(
        limit: configuration.drainDeadline, sighting: sighting, ownHolder: ownHolder, dumpPath: volume.dumpPath,
        bucket: copy?.bucket))
  }

  /// Drains, and comes back when the receipt is written or can't be written in time.
  func run(_ client: GatewayClient) -> SidecarExit {
    logger.notice(
      "drain started",
      metadata: [
        "drain.cause": "\(beginning.cause)",
        "drain.deadline.ms": .stringConvertible(beginning.deadline.milliseconds),
      ])
    var action = change { $0.start(at: $1) }
    while true {
      switch action {
      case .requestDump(let until): action = requestDump(client, until)
      case .requestReadiness(let until): action = requestReadiness(client, until)
      case .pause(let until):
        Wakeup().wait(until: moment(until))
        action = change { $0.pauseEnded(at: $1) }
      case .watchLease(let until): action = watchLease(until)
      case .checkDump(let answer, let until): action = check(until) { try $0.check(answer) }
      case .checkNewestDump(let until): action = check(until) { try $0.checkNewest() }
      case .copyDump(let until): action = copyDump(until)
      case .writeReceipt(let finding, let until): action = writeReceipt(finding, until)
      case .exit(let finding): return end(finding)
      case .ignore: return awaitEnd()
      }
    }
  }

  /// Ends the drain at once, because of a second signal. Called from another thread than `run`.
  func interrupt(_ signal: String) -> SidecarExit {
    guard case .writeReceipt(let finding, let until) = change({ $0.interrupt(signal, at: $1) }),
      case .exit(let finding) = writeReceipt(finding, until)
    else { return awaitEnd() }
    return end(finding)
  }

  /// Tells the state what happened, and when.
  private func change(_ event: (inout DrainState, Duration) -> DrainState.Action) -> DrainState.Action {
    let now = SteadyClock.now() - begun
    return state.withLock { event(&$0, now) }
  }

  private func moment(_ sinceBeginning: Duration) -> Deadline {
    deadline.keeping(beginning.deadline - sinceBeginning)
  }

  private func requestDump(_ client: GatewayClient, _ until: Duration) -> DrainState.Action {
    do throws(GatewayError) {
      let answer = try client.dump(moment(until))
      return change { $0.dumpWritten(answer, at: $1) }
    } catch {
      return change {
        var generator = SystemRandomNumberGenerator()
        return $0.requestFailed(error, at: $1, using: &generator)
      }
    }
  }

  private func requestReadiness(_ client: GatewayClient, _ until: Duration) -> DrainState.Action {
    // Without an answer the gateway is asked for a dump again.
    let readiness = try? client.readiness(moment(until))
    return change {
      var generator = SystemRandomNumberGenerator()
      return $0.readinessChecked(readiness, at: $1, using: &generator)
    }
  }

  private func watchLease(_ until: Duration) -> DrainState.Action {
    let evidence = LeaseObserver(volume: volume, worker: worker).observe(until: moment(until))
    return change {
      var generator = SystemRandomNumberGenerator()
      return $0.leaseWatched(evidence, at: $1, using: &generator)
    }
  }

  private func check(
    _ until: Duration, _ check: @escaping @Sendable (DumpCheck) throws -> DumpCheck.Checked?
  ) -> DrainState.Action {
    let dumps = DumpCheck(volume: volume)
    let result: DumpCheck.Result =
      switch worker.run(until: moment(until), { try check(dumps) }) {
      case .done(let checked?): .verified(checked)
      case .done(nil): .noDump
      case .failed(let error): .failed(error as? DumpCheck.Failure ?? .unreadable("\(error)"))
      case .late: .late
      }
    if case .verified(let checked) = result, checked.shrank {
      logger.warning(
        "the dump shrank by more than half; it pushes no older one out until it is accepted (prune --accept-shrunk)",
        metadata: ["dump.name": "\(checked.dump.name)", "dump.documents": .stringConvertible(checked.good.documents)])
    }
    let journal = journalPlace(behind: result, until)
    return change {
      $0.record.journal = journal
      return $0.dumpChecked(result, at: $1)
    }
  }

  /// The newest place of the journals that is safe, as far as it can be read soon.
  private func journalPlace(behind result: DumpCheck.Result, _ until: Duration) -> SafePlace? {
    // A volume that did not answer is not asked once more.
    if case .late = result { return nil }
    let volume = volume
    let deadline = Deadline(in: min(Self.journalTime, moment(until).left))
    switch worker.run(until: deadline, { try volume.safePlace() }) {
    case .done(let place): return place
    case .failed(let error):
      logger.warning("the newest journal can't be read for the receipt", metadata: ["error": "\(error)"])
    case .late:
      logger.warning("the newest journal can't be read for the receipt", metadata: ["error": "the volume is slow"])
    }
    return nil
  }

  /// Enough to read a journal of 64 MiB. Nothing else waits for its end.
  private static let journalTime = Duration.seconds(3)

  private func copyDump(_ until: Duration) -> DrainState.Action {
    guard let copy else {
      return change { state, _ in state.copyEnded(.init(bucket: "", reason: "no copies are configured")) }
    }
    let dump = state.withLock { $0.verified }
    let result = copy.run(dump, until: moment(until))
    if let reason = result.reason, !result.isThere {
      logger.warning(
        "the drain's dump is not in S3",
        metadata: [
          "dump.name": "\(result.dump ?? "none")", "offsite.bucket": "\(copy.bucket)", "error": "\(reason)",
          "duration.ms": .stringConvertible(result.took.milliseconds),
        ])
    }
    return change { state, _ in state.copyEnded(result) }
  }

  private func writeReceipt(_ finding: DrainFinding, _ until: Duration) -> DrainState.Action {
    let (now, record) = (SteadyClock.now() - begun, state.withLock { $0.record })
    receipt.write(
      DrainReceipt(beginning: beginning, record: record, finding: finding, took: now), until: moment(until))
    return change { state, _ in state.receiptEnded() }
  }

  private func end(_ finding: DrainFinding) -> SidecarExit {
    receipt.report()
    ended.ring()
    return finding.outcome.exit
  }

  /// Waits until the other thread has ended the drain.
  private func awaitEnd() -> SidecarExit {
    ended.wait(until: .never)
    return state.withLock { $0.exit }
  }
}
