import Clocks
import Glibc
import HTTPClient
import Logging
import Logs
import Settings
import Threads

/// The program. It reads the command line and the environment, and runs the command.
package enum SidecarProgram {
  /// Runs the command of the arguments, and ends the process.
  ///
  /// It does not call `exit`, which could wait for a thread that hangs on the volume. Nothing is left to save.
  ///
  /// - Parameter arguments: without the program's name.
  package static func main(_ arguments: [String], _ environment: [String: String]) -> Never {
    let code = run(arguments, environment)
    StandardError.flush(within: outputLimit)
    _exit(code.rawValue)
  }

  /// How long output may take at the end, since its reader may have stopped.
  private static let outputLimit = Duration.seconds(1)

  private static func run(_ arguments: [String], _ environment: [String: String]) -> SidecarExit {
    let invocation: Invocation
    do throws(Invocation.Fault) {
      invocation = try Invocation(arguments)
    } catch {
      SignalMask.unblock()
      StandardError.write("\(error)")
      return .usage
    }
    let environment = environment.merging(invocation.settings) { $1 }
    switch invocation.request {
    case .command(let command) where command.isLasting: return stay(command, environment)
    default: break
    }
    // Signals may end a command at any time: it has no state to save.
    SignalMask.unblock()
    defer {
      if case .command(.health) = invocation.request {
        // It must end in time.
        _ = Worker().run(until: Deadline(in: .milliseconds(500))) { fflush(nil) }
      } else {
        fflush(nil)
      }
    }
    switch invocation.request {
    case .help(let command):
      print(Help.text(of: command))
      return .success
    case .version:
      print(Version.number)
      return .success
    case .command(let command): return run(command, invocation, environment)
    }
  }

  /// Watches or drains.
  private static func stay(_ command: SidecarCommand, _ environment: [String: String]) -> SidecarExit {
    let log = LogSettings(of: environment)
    let output = LogOutput(log.format)
    let logger = output.logger(label: "gatehouse-sidecar", level: log.level)
    let terminate = { @Sendable (code: SidecarExit) -> Never in
      // Together, since they are often the same pipe.
      let deadline = Deadline(in: outputLimit)
      output.flush(within: deadline.left)
      StandardError.flush(within: deadline.left)
      _exit(code.rawValue)
    }
    do {
      // A signal that came earlier waits for this.
      let signals = try DrainSignals(logger: logger, terminate: terminate)
      let work = try work(command, environment, cache: command == .run ? .owner : .guest, logger: logger)
      terminate(command == .drain ? try work.drain(signals, terminate) : try work.watch(signals, terminate))
    } catch let error as ConfigurationFaults {
      for fault in error.faults { logger.critical("configuration", metadata: ["fault": "\(fault)"]) }
      terminate(.configuration)
    } catch {
      logger.critical("ended", metadata: ["error": "\(error)"])
      terminate(exit(after: error))
    }
  }

  private static func run(
    _ command: SidecarCommand, _ invocation: Invocation, _ environment: [String: String]
  ) -> SidecarExit {
    let log = LogSettings(of: environment)
    // Commands print their result on standard output, so what they log goes elsewhere.
    let output = LogOutput(log.format, descriptor: STDERR_FILENO)
    defer { output.flush(within: outputLimit) }
    let logger = output.logger(label: "gatehouse-sidecar", level: max(log.level, .warning))
    do {
      let changesVolume = command == .fetch || command == .prune && !invocation.has(.dryRun)
      let work = try work(command, environment, cache: changesVolume ? .guest : .reader, logger: logger)
      return switch command {
      case .run, .drain: .usage
      case .list: try work.list(json: invocation.has(.json))
      case .prune:
        try work.prune(
          isDry: invocation.has(.dryRun), json: invocation.has(.json), acceptsShrunk: invocation.has(.acceptShrunk),
          removesDamaged: invocation.has(.removeDamaged))
      case .verify: try work.verify(invocation.operands, json: invocation.has(.json))
      case .health: work.health(onlyWatching: invocation.has(.watching), json: invocation.has(.json))
      case .receipt: try work.receipt(json: invocation.has(.json))
      case .fetch: try work.fetch(invocation.operands.first, json: invocation.has(.json))
      }
    } catch let error as ConfigurationFaults {
      for fault in error.faults { StandardError.write("\(fault)") }
      return .configuration
    } catch {
      StandardError.write("\(error)")
      return exit(after: error)
    }
  }

  private static func work(
    _ command: SidecarCommand, _ environment: [String: String], cache: DumpVolume.CacheAccess, logger: Logger
  ) throws -> SidecarWork {
    let configuration = try SidecarConfiguration.load(
      environment, logsIn: command.isLasting, readFile: SecretFile.text(of:))
    let volume = try DumpVolume(
      configuration.dumps, workingDirectory: ProcessEnvironment.workingDirectory, cache: cache)
    return SidecarWork(configuration: configuration, volume: volume, logger: logger)
  }

  private static func exit(after error: any Error) -> SidecarExit {
    error is OffsiteError ? .unavailable : .volume
  }
}

/// The configuration, volume and logger that all commands use.
struct SidecarWork {
  let configuration: SidecarConfiguration
  let volume: DumpVolume
  let logger: Logger

  var httpSettings: HTTPClient.Settings {
    HTTPClient.Settings(
      userAgent: "gatehouse-sidecar/\(Version.number)", certificates: configuration.certificates)
  }

  /// - Parameter terminate: ends the process, from another thread when a second signal comes.
  func watch(
    _ signals: DrainSignals, _ terminate: @escaping @Sendable (SidecarExit) -> Never
  ) throws -> SidecarExit {
    guard let account = configuration.account else { return .configuration }
    let watch = Watch(configuration, volume: volume, signals: signals, logger: logger, terminate: terminate)
    return try watch.run(account, httpSettings)
  }

  /// - Parameter terminate: ends the process, from another thread when a second signal comes.
  func drain(
    _ signals: DrainSignals, _ terminate: @escaping @Sendable (SidecarExit) -> Never
  ) throws -> SidecarExit {
    guard let account = configuration.account else { return .configuration }
    let client = GatewayClient(
      try HTTPClient(httpSettings), url: configuration.url, account: account,
      verifiesCertificate: configuration.verifiesGateway)
    let drain = Drain(
      configuration, volume: volume, worker: Worker(),
      copy: DrainCopy(configuration, httpSettings, volume: volume, gate: nil, logger: logger), logger: logger,
      cause: "command", sighting: .unwatched)
    signals.onInterruption { signal in terminate(drain.interrupt("\(signal)")) }
    return drain.run(client)
  }
}
