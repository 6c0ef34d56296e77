import Clocks
import DumpDirectory
import Glibc
import JSON
import Logging
import Logs
import Synchronization
import Threads

/// Asks for the last dump, checks it, and writes the receipt, all by one deadline.
final class Drain: Sendable {
  private let volume: DumpVolume
  private let worker: Worker
  private let logger: Logger
  private let limit: Duration
  private let deadline: Deadline
  private let begun: Duration
  private let receipt: Mutex<DrainReceipt>

  /// The deadline runs from here.
  init(
    _ configuration: SidecarConfiguration, volume: DumpVolume, worker: Worker, logger: Logger, cause: String,
    wasReady: Bool, clock: WallClock = .system
  ) {
    self.volume = volume
    self.worker = worker
    self.logger = logger
    limit = configuration.drainDeadline
    deadline = Deadline(in: configuration.drainDeadline)
    begun = SteadyClock.now()
    receipt = Mutex(
      DrainReceipt(
        startedAt: clock.now(), deadline: configuration.drainDeadline, cause: cause, url: configuration.url,
        wasReady: wasReady))
  }

  /// The receipt as it is now, in one line for people.
  var line: String {
    receipt.withLock { receipt in DrainReceipt.line(receipt.json.object ?? [:]) }
  }

  func run(_ client: GatewayClient) -> SidecarExit {
    let (cause, wasReady) = receipt.withLock { ($0.cause, $0.wasReady) }
    logger.notice(
      "drain started",
      metadata: ["drain.cause": "\(cause)", "drain.deadline.ms": .stringConvertible(limit.milliseconds)])
    // Verifying and the receipt need some of the time; a dump that takes longer than the rest is not waited for.
    let asking = DumpRequest(
      client: client, deadline: deadline.keeping(min(.seconds(8), limit / 4)), wasReady: wasReady)
    let result = asking.run { step, result, startedAt, took in
      receipt.withLock {
        $0.attempts.append(.init(step: step, result: result, startedAt: startedAt, took: took))
      }
    }
    switch result {
    case .dumped(let answer): check(answer)
    case .ended(let outcome, let sentence): checkNewest(outcome, sentence)
    }
    return end()
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

  private func check(_ answer: DumpAnswer) {
    let (check, start) = (DumpCheck(volume: volume), SteadyClock.now())
    settle(
      worker.run(until: verificationDeadline) { try check.check(answer) }, isNew: true, since: start,
      .drained, "the dump is safe")
  }

  private func checkNewest(_ outcome: DrainOutcome, _ sentence: String) {
    let (check, start) = (DumpCheck(volume: volume), SteadyClock.now())
    let found = worker.run(until: verificationDeadline) { () -> DumpCheck.Checked in
      guard let newest = try check.checkNewest() else { throw NoDump() }
      return newest
    }
    if case .failed(let error) = found, error is NoDump {
      finish(outcome, "\(sentence); there is no dump on the volume")
      return
    }
    settle(found, isNew: false, since: start, outcome, sentence)
  }

  private struct NoDump: Error {}

  /// - Parameters:
  ///   - outcome: when the dump verifies.
  ///   - sentence: the same.
  private func settle(
    _ found: Worker.Outcome<DumpCheck.Checked>, isNew: Bool, since start: Duration, _ outcome: DrainOutcome,
    _ sentence: String
  ) {
    switch found {
    case .done(let checked):
      let took = SteadyClock.now() - start
      receipt.withLock {
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
      finish(outcome, sentence)
    case .failed(let error):
      let failure = error as? DumpCheck.Failure ?? .unreadable("\(error)")
      finish(failure.outcome, "\(failure)")
    case .late:
      finish(
        .volumeFailed,
        "the volume did not answer in time; look at the mount of '\(volume.place)'")
    }
  }

  private func finish(_ outcome: DrainOutcome, _ sentence: String) {
    receipt.withLock { receipt in
      guard receipt.outcome == nil else { return }
      receipt.outcome = outcome
      receipt.sentence = sentence
    }
  }

  /// Leaves time for the receipt.
  private var verificationDeadline: Deadline { deadline.keeping(min(.seconds(2), limit / 10)) }

  /// Writes the receipt and says how it went.
  private func end(within: Duration? = nil) -> SidecarExit {
    let done = receipt.withLock { receipt in
      receipt.took = SteadyClock.now() - begun
      return receipt
    }
    let bytes = JSONWriter.bytes(done.json)
    let volume = volume
    let limit = within.map { deadline.within($0) } ?? deadline.keeping(min(.milliseconds(300), limit / 20))
    // A worker of its own: the usual one may hang on the volume, and this must be tried all the same.
    let written = Worker().run(until: limit) { () throws -> String in
      var number = 0
      while true {
        do throws(DumpDirectoryError) {
          return try volume.directory.writeSmallFile(done.fileName(number: number), bytes, replaces: false)
        } catch {
          guard error.code == .taken, number < 100 else { throw error }
          number += 1
        }
      }
    }
    let outcome = done.outcome ?? .interrupted
    var metadata: Logger.Metadata = [
      "drain.outcome": "\(outcome.rawValue)", "duration.ms": .stringConvertible(done.took.milliseconds),
      "exit.code": .stringConvertible(Int(outcome.exit.rawValue)),
    ]
    if let dump = done.dump {
      metadata["dump.name"] = "\(dump.name)"
      metadata["dump.documents"] = .stringConvertible(dump.verification.documents)
      metadata["dump.bytes"] = .stringConvertible(dump.bytes)
    }
    if case .done(let path) = written {
      metadata["receipt.path"] = "\(path)"
    } else {
      // The volume does not take it: whoever looks finds it in the log.
      StandardError.write(String(decoding: bytes, as: UTF8.self))
      if case .failed(let error) = written {
        metadata["receipt.error"] = "\(error)"
      } else {
        metadata["receipt.error"] = "the volume did not answer in time"
      }
    }
    let level: Logger.Level = outcome.exit == .success ? .notice : .error
    metadata["drain.sentence"] = "\(done.sentence)"
    logger.log(level: level, "drain ended", metadata: metadata)
    return outcome.exit
  }
}
