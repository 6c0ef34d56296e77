import Logging
package import Settings

/// The settings of the log: `LOG_FORMAT` and `LOG_LEVEL`.
package struct LogSettings: Sendable {
  /// The format of log lines.
  package let format: LogFormat
  /// The lowest level that is logged.
  package let level: LogLevel

  /// Parses both settings. The reader collects faults, and a faulty setting has its default.
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

  /// Parses both settings for messages about the environment itself. Faults are ignored here, because the code that
  /// reads the whole environment reports them.
  package init(of environment: [String: String]) {
    var reader = EnvironmentReader(environment) { _ in "" }
    self.init(&reader)
  }
}
