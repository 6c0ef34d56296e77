package import Logging

/// `LOG_FORMAT`
package enum LogFormat: Sendable {
  /// `2026-11-24T12:00:00.123Z INFO     listening server.host=127.0.0.1 server.port=5001`
  case plain
  /// One JSON object a line.
  case json
}

/// `LOG_LEVEL`
package typealias LogLevel = Logger.Level
