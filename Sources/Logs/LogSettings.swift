package import Logging
package import Settings

/// `LOG_FORMAT` and `LOG_LEVEL`.
package struct LogSettings: Sendable {
  package let format: LogFormat
  package let level: LogLevel

  /// The declarations of these settings.
  package struct Declarations: SettingGroup {
    package static let title = "Logs"

    package let format = Setting(
      "LOG_FORMAT", .choice(["plain": LogFormat.plain, "json": .json]), default: .plain,
      flag: "--log-format plain|json", "how log lines look")
    package let level = Setting(
      "LOG_LEVEL",
      .choice([
        "TRACE": LogLevel.trace, "DEBUG": .debug, "INFO": .info, "NOTICE": .notice, "WARNING": .warning,
        "ERROR": .error, "CRITICAL": .critical,
      ]), default: .info, flag: "--log-level LEVEL", "the lowest level that is logged")
  }

  /// The settings as they are declared.
  package static let declarations = Declarations()

  /// Reads both settings. Faults go to the reader, and the defaults stand in.
  package init(_ reader: inout EnvironmentReader) {
    format = reader.value(of: Self.declarations.format)
    level = reader.value(of: Self.declarations.level)
  }

  /// Reads both for the messages about all other settings. The reader of the whole environment reports their faults.
  package init(of environment: [String: String]) {
    var reader = EnvironmentReader(environment) { _ in "" }
    self.init(&reader)
  }
}
