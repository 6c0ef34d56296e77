import Clocks
import DocumentStore
import DumpDirectory
import DumpFormat
import Glibc
import Hummingbird
import Logging
import NIOCore
import Persistence
import Platform
import Resources
import Settings
import UnixSignals

extension Gatehouse {
  private enum Event: Sendable {
    case serverEnded(String)
    case loaded
    case refused(ExitCode)
    case ended
  }

  /// Calls in flight get this long to finish; the dump after them needs the rest of what a platform grants (ECS: 30 s
  /// by default).
  private static let drainTime = Duration.seconds(15)

  /// Listens, loads the newest dump, serves, and stops on a signal.
  ///
  /// - Parameter terminate: ends the process. It is called from within, not after: a thread that hangs on the volume
  ///   can't be waited for.
  package func run(terminate: @escaping @Sendable (ExitCode) -> Never) async -> Never {
    signal(SIGPIPE, SIG_IGN)
    logger.notice(
      "starting",
      metadata: [
        "version": "\(Version.number)", "mode": "MEM", "dump.directory": "\(location.directory)",
        "dump.format": "DMP1", "process.id": .stringConvertible(Int(getpid())),
      ])
    await withTaskGroup(of: Event.self) { group in
      group.addTask { await serve() }
      group.addTask { await load() }
      group.addTask { await handleSignals(terminate) }
      while let event = await group.next() {
        switch event {
        case .loaded:
          state.becomeReady()
          logger.notice("ready", metadata: ["documents": .stringConvertible(store.snapshot().count)])
          group.addTask { await runTimer() }
        case .ended:
          break
        case .refused(let code):
          terminate(code)
        case .serverEnded(let reason):
          logger.critical(
            "can't listen; set HOST and PORT to an address that is free",
            metadata: [
              "server.host": "\(configuration.host)", "server.port": .stringConvertible(configuration.port),
              "error": "\(reason)",
            ])
          terminate(.cannotListen)
        }
      }
    }
    terminate(.lastDumpFailed)
  }

  private func serve() async -> Event {
    let logger = logger
    let application = application { address in
      logger.notice(
        "listening",
        metadata: [
          "server.host": "\(address?.ipAddress ?? "unknown")", "server.port": .stringConvertible(address?.port ?? 0),
        ])
    }
    do {
      try await application.run()
      return .serverEnded("the server ended")
    } catch {
      return .serverEnded("\(error)")
    }
  }

  private func load() async -> Event {
    let start = ContinuousClock.now
    do {
      let outcome = try await restorer.climb()
      let duration = ContinuousClock.now - start
      switch outcome {
      case .restored(let restored, let passedOver):
        report(passedOver)
        try await installation.begin(with: restored)
        report(restored, took: duration)
      case .nothingThere:
        try await installation.begin()
        logger.notice("no dump in the directory: starting with a fresh state")
      case .noneLoads(let failures):
        report(failures)
        guard configuration.memory.allowsEmptyStart else {
          logger.critical(
            "none of the dumps can be loaded, so the service does not start: it would bury them. Set the right MEM_ENCRYPTION_KEY (or MEM_ENCRYPTION_KEYS_OLD), restore a good file, or set MEM_ALLOW_EMPTY_START=true to start with nothing",
            metadata: ["dumps": .stringConvertible(failures.count)])
          return .refused(.noDumpLoads)
        }
        try await installation.begin()
        logger.warning("none of the dumps can be loaded; starting with a fresh state, as MEM_ALLOW_EMPTY_START asks")
      }
      return .loaded
    } catch {
      logger.critical("the state could not be loaded", metadata: ["error": "\(error)"])
      return .refused(.noDumpLoads)
    }
  }

  private func report(_ failures: [Ladder.Failure]) {
    for failure in failures {
      logger.error(
        "dump passed over; the file is left as it is",
        metadata: ["dump.path": "\(failure.path)", "error": "\(failure.reason)"])
    }
  }

  private func report(_ restored: Ladder.Restored, took duration: Duration) {
    var metadata: Logger.Metadata = [
      "dump.path": "\(restored.path)", "dump.created_at": "\(restored.summary.createdAt)",
      "documents": .stringConvertible(restored.summary.records),
      "duration.ms": .stringConvertible(duration.milliseconds),
    ]
    for count in restored.summary.counts where count.records > 0 {
      metadata["count.\(count.name)"] = .stringConvertible(count.records)
    }
    logger.notice("restored from dump \(restored.path)", metadata: metadata)
    for (place, count) in restored.conflicts.sorted(by: { $0.key < $1.key }) {
      logger.warning(
        "the dump holds values twice that should be unique; all documents were kept",
        metadata: ["place": "\(place)", "times": .stringConvertible(count)])
    }
  }

  /// A signal to stop ends the process, with the last dump; a second one ends it at once. SIGUSR1 writes a dump and goes on.
  private func handleSignals(_ terminate: @escaping @Sendable (ExitCode) -> Never) async -> Event {
    await withDiscardingTaskGroup { group in
      var stopping = false
      for await signal in await UnixSignalsSequence(trapping: .sigterm, .sigint, .sigusr1, .sighup) {
        switch signal {
        case .sigusr1:
          group.addTask { await dumpOnSignal() }
        case .sighup:
          logger.notice("SIGHUP does nothing: settings are read at the start only")
        default:
          if stopping {
            logger.critical("second signal to stop: ending at once, without waiting for the dump")
            terminate(.lastDumpFailed)
          }
          stopping = true
          group.addTask { terminate(await stop("\(signal)")) }
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

  /// Lets calls in flight finish, then writes the last dump.
  private func stop(_ signal: String) async -> ExitCode {
    let before = state.startDraining()
    logger.notice("stopping", metadata: ["signal": "\(signal)", "calls": .stringConvertible(state.calls)])
    guard before == .ready else {
      logger.notice("stopped before the state was loaded: there is nothing to dump")
      return .stopped
    }
    let deadline = ContinuousClock.now + Self.drainTime
    while state.calls > 0, ContinuousClock.now < deadline {
      try? await Task.sleep(for: .milliseconds(5))
    }
    if state.calls > 0 {
      logger.warning(
        "calls are still in flight; dumping without them", metadata: ["calls": .stringConvertible(state.calls)])
    }
    do {
      _ = try await dumps.dump(reason: signal)
      logger.notice("stopped; the last dump is safe")
      return .stopped
    } catch {
      logger.critical("stopped, but the last dump was not written: changes since the dump before it are lost")
      return .lastDumpFailed
    }
  }

  private func runTimer() async -> Event {
    let start = ContinuousClock.now
    var timer = AutoSave(now: .zero)
    while (try? await Task.sleep(for: .seconds(1))) != nil {
      let settings = platform.settings
      let isDue = timer.isDue(
        now: ContinuousClock.now - start,
        settings: .init(isEnabled: settings.autoSaveEnabled, frequency: .seconds(settings.autoSaveFrequency)),
        isChanged: await dumper.isChanged)
      // The dumper logs the outcome.
      if isDue, state.availability == .ready { _ = try? await dumps.dump(reason: "timer") }
    }
    return .ended
  }
}
