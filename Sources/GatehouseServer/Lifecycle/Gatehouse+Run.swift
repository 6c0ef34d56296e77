import Clocks
import DocumentStore
import DumpDirectory
import DumpFormat
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
    ResidentMemory.returnBlocks(from: ResidentMemory.largeBlockAtStart)
    signals.beginServing(
      readsCertificate: configuration.certificate != nil, readsKeys: !configuration.memory.dumps.keyFiles.isEmpty)
    logger.notice(
      "starting",
      metadata: [
        "version": "\(Version.number)", "mode": "MEM", "dump.directory": "\(location.directory)",
        "dump.format": "\(configuration.memory.dumpFormat.label)", "journal.mode": "\(journalMode)",
        "key.id": "\(keys.present.name)",
        "process.id": .stringConvertible(Int(getpid())),
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
          if !installer.accounts.areLeftToHolder { group.addTask { await setPasswords() } }
          group.addTask { await watchLease() }
          group.addTask { await watchJournal() }
          group.addTask { await shareLimits() }
          group.addTask { await saveLimits() }
          group.addTask { await greetHolder() }
          group.addTask { await runTimer() }
          group.addTask { await trimMemory() }
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

  /// The value of `MEM_JOURNAL`.
  private var journalMode: String {
    switch configuration.memory.journal {
    case .always?: "always"
    case .interval?: "interval"
    case nil: "off"
    }
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
    await findAddress(port: address?.port ?? configuration.port)
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

  private func watchJournal() async -> Event {
    await journal?.watch()
    return .ended
  }

  /// Gives back the code that only the start needed, then what only some request or dump needed, and what a peak of
  /// connections left in the heap.
  private func trimMemory() async -> Event {
    var heap = HeapTrim()
    ResidentMemory.returnBlocks(from: ResidentMemory.largeBlock)
    ResidentMemory.trim()
    var looks = 0
    while (try? await Task.sleep(for: .seconds(5))) != nil {
      looks += 1
      if looks.isMultiple(of: 12) { ResidentMemory.trim() }
      let documents = store.snapshot().count
      if heap.isDue(connections: state.connections, calls: state.calls, documents: documents) {
        ResidentMemory.trimHeap()
      }
    }
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
      let isLong = journal?.isLong == true && lease.epoch != nil
      if isDue || isLong, state.availability == .ready { _ = try? await dumps.dump(reason: "timer") }
    }
    return .ended
  }
}
