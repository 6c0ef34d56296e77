import Glibc
import HTTPClient
import Logging
import Logs
import Settings
import Threads

/// The program: reads the command line and the environment, and does what they say.
package enum SidecarProgram {
  /// - Parameter arguments: without the program's name.
  package static func run(_ arguments: [String], _ environment: [String: String]) -> SidecarExit {
    let invocation: Invocation
    do throws(Invocation.Fault) {
      invocation = try Invocation(arguments)
    } catch {
      StandardError.write("\(error)")
      return .usage
    }
    switch invocation.request {
    case .help:
      print(Help.text)
      return .success
    case .version:
      print(Version.number)
      return .success
    case .command(let command): return run(command, invocation, environment.merging(invocation.settings) { $1 })
    }
  }

  private static func run(
    _ command: SidecarCommand, _ invocation: Invocation, _ environment: [String: String]
  ) -> SidecarExit {
    let log = LogSettings(of: environment)
    let isWatching = command == .run || command == .drain
    // Commands print their result on standard output, so what they log goes elsewhere.
    let output = LogOutput(log.format, descriptor: isWatching ? STDOUT_FILENO : STDERR_FILENO)
    let logger = output.logger(label: "gatehouse-sidecar", level: isWatching ? log.level : max(log.level, .warning))
    let configuration: SidecarConfiguration
    do throws(ConfigurationFaults) {
      configuration = try SidecarConfiguration.load(
        environment, logsIn: isWatching, readFile: ProcessSurroundings.text(of:))
    } catch {
      for fault in error.faults {
        if isWatching {
          logger.critical("configuration", metadata: ["fault": "\(fault)"])
        } else {
          StandardError.write("\(fault)")
        }
      }
      return .configuration
    }
    do {
      // Before any other thread is there.
      let signals = isWatching ? try StopSignals() : nil
      let volume = try DumpVolume(
        configuration.dumps, workingDirectory: ProcessSurroundings.workingDirectory, ownsNotes: command == .run)
      let work = SidecarWork(configuration: configuration, volume: volume, logger: logger)
      return switch command {
      case .run: try work.watch(signals ?? (try StopSignals()))
      case .drain: try work.drain(signals ?? (try StopSignals()))
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
    } catch {
      if isWatching {
        logger.critical("ended", metadata: ["error": "\(error)"])
      } else {
        StandardError.write("\(error)")
      }
      return (error as? OffsiteError) == nil ? .volume : .unavailable
    }
  }
}

/// What all commands work with.
struct SidecarWork {
  let configuration: SidecarConfiguration
  let volume: DumpVolume
  let logger: Logger

  var httpSettings: HTTPClient.Settings {
    HTTPClient.Settings(
      userAgent: "gatehouse-sidecar/\(Version.number)", certificates: configuration.certificates)
  }

  func watch(_ signals: StopSignals) throws -> SidecarExit {
    guard let account = configuration.account else { return .configuration }
    return try Watch(configuration, volume: volume, signals: signals, logger: logger).run(account, httpSettings)
  }

  func drain(_ signals: StopSignals) throws -> SidecarExit {
    guard let account = configuration.account else { return .configuration }
    let client = GatewayClient(try HTTPClient(httpSettings), url: configuration.url, account: account)
    let drain = Drain(
      configuration, volume: volume, worker: Worker(),
      copy: DrainCopy(configuration, httpSettings, volume: volume, logger: logger), logger: logger, cause: "command",
      sighting: .unwatched)
    // A drain is what a first signal would start: only a second one ends it.
    signals.onSecondSignal { signal in _exit(drain.interrupt(signal).rawValue) }
    return drain.run(client)
  }
}
