package import Logging

/// The format of log lines, set by `LOG_FORMAT`.
package enum LogFormat: Sendable {
  /// Text, such as `2026-11-24T12:00:00.123Z INFO     listening server.host=127.0.0.1 server.port=5001`.
  case plain
  /// One JSON object for each line.
  case json
}

/// The lowest level that is logged, set by `LOG_LEVEL`.
package typealias LogLevel = Logger.Level
