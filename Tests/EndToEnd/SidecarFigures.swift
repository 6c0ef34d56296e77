import Foundation
import TestSupport
import Testing

extension SidecarProcess {
  /// Whether a health check succeeds, now or in a while: it fails by itself when a busy machine keeps it waiting.
  static func isHealthy(
    _ arguments: [String] = ["health"], dumps: URL, _ changes: [String: String] = [:]
  ) throws -> Bool {
    try eventually { try run(arguments, dumps: dumps, changes).code == 0 ? true : nil } == true
  }
}

/// The metrics of a sidecar whose port the system chose.
extension ProgramProcess {
  /// The text of `GET /metrics`.
  func sidecarMetrics() throws -> String {
    try waitForLog("metrics.port=")
    let port = try #require(log.firstMatch(of: /metrics\.port=([0-9]+)/).flatMap { Int($0.output.1) })
    let connection = try HTTPConnection(port: port)
    try connection.send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
    return try connection.receive().text
  }

  /// Whether everything that journals had at a moment is copied to S3, now or in a while: a round of the copies that
  /// began later has ended.
  func hasCopiedJournals(of moment: ContinuousClock.Instant) throws -> Bool {
    let isCopied = try eventually { () throws -> Bool? in
      let past = ContinuousClock.now - moment
      let lag = try sidecarMetrics().firstMatch(of: /offsite_journal_lag_seconds ([0-9]+)/).flatMap {
        Int($0.output.1)
      }
      // The metrics have whole seconds.
      guard let lag, Duration.seconds(lag + 1) < past else { return nil }
      return true
    }
    return isCopied == true
  }
}
