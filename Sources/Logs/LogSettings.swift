import Logging
package import Settings

/// `LOG_FORMAT` and `LOG_LEVEL`.
package struct LogSettings: Sendable {
  package let format: LogFormat
  package let level: LogLevel

  /// Reads both; faults go to the reader, and the defaults stand in.
  package init(_ reader: inout EnvironmentReader) {
    let format = reader.choice("LOG_FORMAT", default: "plain", of: ["plain": LogFormat.plain, "json": .json])
    let level = reader.choice(
      "LOG_LEVEL", default: "INFO",
      of: [
        "TRACE": LogLevel.trace, "DEBUG": .debug, "INFO": .info, "NOTICE": .notice, "WARNING": .warning,
        "ERROR": .error, "CRITICAL": .critical,
      ])
    self.format = format ?? .plain
    self.level = level ?? .info
  }

  /// For the messages about everything else: faults are left to who reads the whole environment.
  package init(of environment: [String: String]) {
    var reader = EnvironmentReader(environment) { _ in "" }
    self.init(&reader)
  }
}
