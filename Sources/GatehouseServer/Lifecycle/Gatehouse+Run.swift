import Clocks
import DocumentStore
import DumpDirectory
import Glibc
import Listener
import Logging
import Model
import NIOCore
import Persistence
import Platform
import Settings

extension Gatehouse {
  enum Event: Sendable {
    case cannotListen(any Error)
    /// The server ended after it had listened.
    case serverEnded(any Error)
    case loaded
    case refused(ExitCode)
    case ended
  }

  /// Listens, loads the newest dump, serves, and stops on a signal.
  ///
  /// - Parameters:
  ///   - signals: the stop and dump requests from now on.
  ///   - terminate: ends the process. It is called inside this function, because a thread that hangs on the volume
  ///     can't be joined.
  func run(_ signals: ServiceSignals, terminate: @escaping @Sendable (ExitCode) -> Never) async -> Never {
    signals.beginServing(readsCertificate: configuration.certificate != nil)
    logger.notice(
      "starting",
      metadata: [
        "version": "\(Version.number)", "mode": "MEM", "dump.directory": "\(location.directory)",
        "dump.format": "DMP1", "process.id": .stringConvertible(Int(getpid())),
      ])
    await withTaskGroup(of: Event.self) { group in
      group.addTask { await serve() }
      group.addTask { await load() }
      group.addTask { await handleSignals(signals, terminate) }
      while let event = await group.next() {
        switch event {
        case .loaded:
          state.becomeReady()
          logger.notice("ready", metadata: ["documents": .stringConvertible(store.snapshot().count)])
          group.addTask { await setPasswords() }
          group.addTask { await watchLease() }
          group.addTask { await runTimer() }
        case .ended:
          break
        case .refused(let code):
          await giveUpLease()
          terminate(code)
        case .serverEnded(let error):
          // There may be unsaved changes.
          logger.critical("the server ended by itself; stopping", metadata: ["error": "\(error)"])
          terminate(await stop("end of the server"))
        case .cannotListen(let error):
          let fault = StartFault(listening: error, host: configuration.host, port: configuration.port)
          fault.log(to: logger)
          await giveUpLease()
          terminate(fault.code)
        }
      }
    }
    logger.critical("every task of the gateway has ended; ending without a last dump")
    terminate(.lastDumpFailed)
  }

  private struct EndedByItself: Error, CustomStringConvertible {
    let description = "the server ended"
  }

  private func serve() async -> Event {
    let channel: any Channel
    do {
      channel = try await listener().listen(host: configuration.host, port: configuration.port)
    } catch {
      return .cannotListen(error)
    }
    let address = channel.localAddress
    logger.notice(
      "listening",
      metadata: [
        "server.host": "\(address?.ipAddress ?? "unknown")", "server.port": .stringConvertible(address?.port ?? 0),
        "server.scheme": configuration.certificate == nil ? "http" : "https",
        "connections.maximum": .stringConvertible(configuration.connections.maximum),
      ])
    do {
      try await channel.closeFuture.get()
      return .serverEnded(EndedByItself())
    } catch {
      return .serverEnded(error)
    }
  }

  /// Sets the accounts' passwords while requests are already served.
  private func setPasswords() async -> Event {
    await installer.accounts.setPasswords(dumper)
    return .ended
  }

  private func runTimer() async -> Event {
    let start = SteadyClock.now()
    var timer = AutoSave(now: .zero)
    let maximumAge = configuration.memory.autoSaveMaximumAge.map { Duration.seconds($0) }
    while (try? await Task.sleep(for: .seconds(1))) != nil {
      let settings = platform.settings
      let isDue = timer.isDue(
        now: SteadyClock.now() - start,
        settings: .init(
          isEnabled: settings.autoSaveEnabled, frequency: .seconds(settings.autoSaveFrequency),
          // On standby, another task writes the dumps, so their age is not checked here.
          maximumAge: lease.epoch == nil ? nil : maximumAge),
        isChanged: await dumper.isChanged, dumpAge: await dumper.dumpAge)
      // The dumper logs the outcome.
      if isDue, state.availability == .ready { _ = try? await dumps.dump(reason: "timer") }
    }
    return .ended
  }
}
