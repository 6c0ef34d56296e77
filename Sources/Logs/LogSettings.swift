package import Logging
package import Settings

/// The settings of the log: `LOG_FORMAT` and `LOG_LEVEL`.
package struct LogSettings: Sendable {
  /// The format of log lines.
  package let format: LogFormat
  /// The lowest level that is logged.
  package let level: LogLevel

  /// The declarations of these settings.
  package struct Declarations: SettingGroup {
    /// The heading of these settings in help and documentation.
    package static let title = "Logs"

    /// `LOG_FORMAT`
    package let format = Setting(
      "LOG_FORMAT", .choice(["plain": LogFormat.plain, "json": .json]), default: .plain,
      flag: "--log-format <plain|json>", "how log lines look")
    /// `LOG_LEVEL`
    package let level = Setting(
      "LOG_LEVEL",
      .choice([
        "TRACE": LogLevel.trace, "DEBUG": .debug, "INFO": .info, "NOTICE": .notice, "WARNING": .warning,
        "ERROR": .error, "CRITICAL": .critical,
      ]), default: .info, flag: "--log-level <level>", "the lowest level that is logged")
  }

  /// The settings as they are declared.
  package static let declarations = Declarations()

  /// Parses both settings. The reader collects faults, and a faulty setting has its default.
  package init(_ reader: inout EnvironmentReader) {
    format = reader.value(of: Self.declarations.format)
    level = reader.value(of: Self.declarations.level)
  }

  /// Parses both settings for messages about the environment itself. Faults are ignored here, because the code that
  /// reads the whole environment reports them.
  package init(of environment: [String: String]) {
    var reader = EnvironmentReader(environment) { _ in "" }
    self.init(&reader)
  }
}
