import Glibc
import Logging
import Logs
import Settings

/// What the program does for each command; the executable only reads arguments.
package enum Program {
  /// Starts the service and never comes back.
  package static func serve(_ environment: [String: String]) async -> Never {
    let log = LogSettings(of: environment)
    let logger = LogOutput(log.format).logger(label: "gatehouse", level: log.level)
    let configuration: Configuration
    do {
      configuration = try load(environment)
    } catch {
      for fault in error.faults {
        logger.critical("configuration: \(fault)")
      }
      logger.critical(
        "the service does not start; `gatehouse config check` shows all settings",
        metadata: ["faults": .stringConvertible(error.faults.count)])
      exit(ExitCode.configuration.rawValue)
    }
    do {
      let gatehouse = try await Gatehouse(
        configuration, workingDirectory: ProcessSurroundings.workingDirectory, logger: logger)
      await gatehouse.run { exit($0.rawValue) }
    } catch {
      logger.critical("the directory of dumps can't be used: \(error)")
      exit(ExitCode.directoryNotWritable.rawValue)
    }
  }

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
    ProcessSurroundings.raiseDescriptorLimit()
    return try Configuration.load(environment, readFile: ProcessSurroundings.text(of:))
  }

  static func complain(_ text: String) {
    let line = Array((text + "\n").utf8)
    _ = write(STDERR_FILENO, line, line.count)
  }
}
