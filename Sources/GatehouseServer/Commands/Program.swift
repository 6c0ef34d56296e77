import Glibc
import Logging
import Logs
import Settings
import Threads

/// The program's commands. The executable only reads arguments.
package enum Program {
  /// Starts the gateway and never returns.
  ///
  /// Call it on the main thread, which then does nothing more.
  package static func serve(_ environment: [String: String]) -> Never {
    let log = LogSettings(of: environment)
    let output = LogOutput(log.format)
    let logger = output.logger(label: "gatehouse", level: log.level)
    let terminate = { @Sendable (code: ExitCode) -> Never in end(code.rawValue, after: output) }
    let signals: ServiceSignals
    do throws(ThreadError) {
      try ThreadReserve.check()
      signals = try ServiceSignals(logger: logger, terminate: terminate)
    } catch {
      let fault = StartFault(error)
      fault.log(to: logger)
      terminate(fault.code)
    }
    Task { await serve(environment, logger, AccessLog(output, level: log.level), signals, terminate) }
    SystemThread.park()
  }

  private static func serve(
    _ environment: [String: String], _ logger: Logger, _ accessLog: AccessLog, _ signals: ServiceSignals,
    _ terminate: @escaping @Sendable (ExitCode) -> Never
  ) async -> Never {
    let configuration: Configuration
    do {
      configuration = try load(environment)
    } catch {
      for fault in error.faults {
        logger.critical("configuration: \(fault)")
      }
      logger.critical(
        "the gateway does not start; `gatehouse config check` shows all settings",
        metadata: ["faults": .stringConvertible(error.faults.count)])
      terminate(.configuration)
    }
    let gatehouse: Gatehouse
    do throws(StartFault) {
      gatehouse = try await Gatehouse(
        configuration, workingDirectory: ProcessEnvironment.workingDirectory, logger: logger, accessLog: accessLog)
    } catch {
      error.log(to: logger)
      terminate(error.code)
    }
    await gatehouse.run(signals, terminate: terminate)
  }

  /// Ends the process when the log is written, at the latest after a second, since the reader of the log may have
  /// stopped.
  ///
  /// It does not call `exit`, whose handlers wait for locks that a hanging thread may hold.
  private static func end(_ code: Int32, after output: LogOutput) -> Never {
    output.flush(within: .seconds(1))
    _exit(code)
  }

  /// Prints the settings in effect, or ends the process with every fault.
  package static func checkConfiguration(_ environment: [String: String], json: Bool) {
    do {
      let listing = try load(environment).listing
      print(json ? listing.json : listing.table)
    } catch {
      complain("\(error)")
      exit(ExitCode.configuration.rawValue)
    }
  }

  static func load(_ environment: [String: String]) throws(ConfigurationFaults) -> Configuration {
    // Before the configuration says how many connections fit.
    ProcessEnvironment.raiseDescriptorLimit()
    return try Configuration.load(environment, readFile: SecretFile.text(of:))
  }

  static func complain(_ text: String) {
    let line = Array((text + "\n").utf8)
    _ = write(STDERR_FILENO, line, line.count)
  }
}
