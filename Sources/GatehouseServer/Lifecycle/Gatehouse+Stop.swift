import Clocks
import DumpDirectory
import Logging
import Persistence
import Platform
import Settings
import Threads

extension Gatehouse {
  /// The time that requests in flight have to finish. The rest of the platform's stop timeout (ECS: 30 s by default) is
  /// for the last dump.
  private static let drainTime = Duration.seconds(15)

  /// Handles signals. The first signal to stop writes the last dump and ends the process. A second one only shortens
  /// the wait for requests in flight. SIGUSR1 writes a dump, and the gateway continues.
  func handleSignals(_ signals: ServiceSignals, _ terminate: @escaping @Sendable (ExitCode) -> Never) async -> Event {
    await withDiscardingTaskGroup { group in
      group.addTask {
        for await _ in signals.dumps { await dumpOnSignal() }
      }
      if let certificate = configuration.certificate {
        group.addTask { await CertificateWatch(certificate, logger: logger).run(signals.certificateRequests) }
      }
      let keyFiles = configuration.memory.dumps.keyFiles
      if !keyFiles.isEmpty { group.addTask { await watchKeys(keyFiles, signals.keyRequests) } }
      for await request in signals.stops {
        switch request {
        case .first(let signal): group.addTask { terminate(await stop("\(signal)", grace: configuration.drainGrace)) }
        case .hurry: state.hurry()
        }
      }
    }
    return .ended
  }

  private func dumpOnSignal() async {
    guard state.availability == .ready else {
      logger.warning("SIGUSR1 came before the state was loaded: no dump written")
      return
    }
    // The dumper logs the outcome.
    _ = try? await dumps.dump(reason: "SIGUSR1")
  }

  /// Goes on serving for a while, waits for requests in flight, then writes the last dump.
  ///
  /// - Parameters:
  ///   - cause: the reason for the log and the dump, such as `SIGTERM`.
  ///   - grace: the time that load balancers have to stop sending requests. A second signal ends it.
  func stop(_ cause: String, grace: Duration? = nil) async -> ExitCode {
    let before = state.startLeaving()
    if before == .ready, let grace { await serveOn(for: grace, cause) }
    state.startDraining()
    logger.notice("stopping", metadata: ["signal": "\(cause)", "calls": .stringConvertible(state.calls)])
    guard before == .ready else {
      await giveUpLease()
      logger.notice("stopped before the state was loaded: there is nothing to dump")
      return .stopped
    }
    let deadline = SteadyClock.now() + Self.drainTime
    while state.calls > 0, !state.isHurried, SteadyClock.now() < deadline {
      try? await Task.sleep(for: .milliseconds(5))
    }
    if state.calls > 0 {
      logger.warning(
        "calls are still in flight; going on without them", metadata: ["calls": .stringConvertible(state.calls)])
    }
    // Calls have ended, and changes are still taken here.
    await limitKeeper.save()
    await handOverLimits()
    if await handOver() {
      await giveUpLease()
      await waitForSuccessor()
      return await reportEarlierLosses()
    }
    let code = await writeLastDump(cause)
    // A released lease states that everything is saved. If it is not released, the next task takes the lease of a dead
    // process, and the sidecar knows that changes may be lost.
    guard code == .stopped else { return code }
    await giveUpLease()
    return await reportEarlierLosses()
  }

  private func serveOn(for grace: Duration, _ cause: String) async {
    logger.notice(
      "leaving: not ready any more, and requests are still taken until the grace is over",
      metadata: ["signal": "\(cause)", "grace.ms": .stringConvertible(grace.milliseconds)])
    let end = SteadyClock.now() + grace
    while !state.isHurried, SteadyClock.now() < end {
      try? await Task.sleep(for: .milliseconds(5))
    }
  }

  private func writeLastDump(_ cause: String) async -> ExitCode {
    guard lease.epoch != nil else { return await stopWithoutDump() }
    do {
      try await dumps.dumpLast(reason: cause)
      logger.notice("stopped; the last dump is safe")
      return .stopped
    } catch let error as DumpDirectoryError where error.code == .leaseLost {
      return await stopWithoutDump()
    } catch {
      state.seal()
      if journal?.acknowledgesLater == true {
        logger.error("stopped, but the last dump was not written; the journal has every acknowledged change")
      } else {
        logger.critical("stopped, but the last dump was not written: changes since the dump before it are lost")
      }
      return .lastDumpFailed
    }
  }

  /// Logs again which changes of this task are missing from the state in the dump directory, although the last dump is
  /// saved.
  private func reportEarlierLosses() async -> ExitCode {
    let losses = await deposed.earlier
    for loss in losses {
      logger.critical(
        "this task lost the lease for a while: \(loss.count) acknowledged changes since \(loss.since) are not in the volume's state. They are kept in \(loss.path ?? "no dump"): look for what is missing there",
        metadata: deposed.metadata(loss))
    }
    return losses.isEmpty ? .stopped : .changesLeftBehind
  }

  /// Stops without a dump, because another task is the writer.
  private func stopWithoutDump() async -> ExitCode {
    state.seal()
    guard let left = await deposed.save() else {
      logger.notice("stopped without a dump: \(lease.standbySentence)")
      return .stopped
    }
    let place = left.path.map { "They are kept in \($0): restore that file, or make them again" } ?? "They are lost"
    logger.critical(
      "stopped without a dump, after another task took the lease: \(left.count) acknowledged changes since \(left.since) are not in the volume's state. \(place)",
      metadata: deposed.metadata(left))
    return .changesLeftBehind
  }
}
