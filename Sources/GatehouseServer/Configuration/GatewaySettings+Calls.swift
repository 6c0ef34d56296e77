package import Gateway
package import Settings

extension GatewaySettings {
  /// The settings of calls to APIs.
  package struct Calls: SettingGroup {
    package static let title = "Calls to APIs"
    private static let standard = GatewayConfiguration()
    private static let seconds = 0.001...86_400

    package let connectTimeout = Setting(
      "HTTP_CONNECT_TIMEOUT", .seconds(seconds), default: standard.timeouts.connect,
      "seconds to open a connection to a server")
    package let readTimeout = Setting(
      "HTTP_READ_TIMEOUT", .seconds(seconds), default: standard.timeouts.read,
      "seconds that a server may be silent, before its answer and in it")
    package let writeTimeout = Setting(
      "HTTP_WRITE_TIMEOUT", .seconds(seconds), default: standard.timeouts.write,
      "seconds that a server has to take a part of a call")
    package let poolTimeout = Setting(
      "HTTP_TIMEOUT", .seconds(seconds), default: standard.timeouts.pool,
      "seconds that a call waits while all connections to its server are in use")
    package let certificates = OptionalSetting(
      "HTTP_CACERT", .text("a path"),
      "certificates (PEM) that https servers are verified by; else the system's")
    package let connections = Setting(
      "HTTP_MAX_CONNECTIONS", .integer(1...65_535), default: standard.pool.maximum, "connections to one server")
    package let keptConnections = Setting(
      "HTTP_MAX_KEEPALIVE", .integer(0...65_535), default: standard.pool.kept,
      "idle connections to one server that are kept for later calls")
    package let keptTime = Setting(
      "HTTP_KEEPALIVE_EXPIRY", .seconds(seconds), default: standard.pool.expiry,
      "seconds after which an idle connection is closed")
    package let http2 = Setting(
      "HTTP_ENABLE_HTTP2", .boolean, default: false, "must be false: servers are called with HTTP/1.1")
    package let retryBaseDelay = Setting(
      "HTTP_RETRY_BASE_DELAY", .seconds(0...86_400), default: standard.retries.baseDelay,
      "the longest pause in seconds before the first retry; it doubles with each")
    package let retryMaximumDelay = Setting(
      "HTTP_RETRY_MAX_DELAY", .seconds(0...86_400), default: standard.retries.maximumDelay,
      "the longest pause in seconds before any retry")
    package let breakerIsEnabled = Setting(
      "CIRCUIT_BREAKER_ENABLED", .boolean, default: standard.breakerIsEnabled,
      "stop calls to an API for a while after failures in a row")
    package let breakerThreshold = Setting(
      "CIRCUIT_BREAKER_THRESHOLD", .integer(1...1_000_000_000), default: standard.breakerThreshold,
      "failures in a row that stop calls to an API")
    package let breakerPause = Setting(
      "CIRCUIT_BREAKER_TIMEOUT", .seconds(seconds), default: standard.breakerPause,
      "seconds until one call tries the servers again")
    package let bodySize = OptionalSetting(
      "MAX_BODY_SIZE_BYTES_REST", .integer(1...Int.max), absent: "derived",
      "bytes of the body of a call; not set, MAX_BODY_SIZE_BYTES")
    package let enforcesAdminSubscription = Setting(
      "ENFORCE_ADMIN_SUBSCRIPTION", .boolean, default: standard.enforcesAdminSubscription,
      "admins need subscriptions, too")
    package let strictOptions = Setting(
      "STRICT_OPTIONS_405", .boolean, default: standard.refusesUnknownPreflights,
      "answer OPTIONS for a path without an endpoint with 405 instead of 204")
    package let accessLog = Setting(
      "ACCESS_LOG",
      .choice(["all": GatewayConfiguration.AccessLogMode.all, "sampled": .sampled, "errors": .errors, "off": .off]),
      default: standard.accessLog, "the calls that get a line in the log")
  }
}

extension SettingKind where Value == Double {
  /// Seconds in decimal, also with a fraction.
  static func seconds(_ range: ClosedRange<Double>) -> SettingKind {
    let (least, most) = (text(range.lowerBound), text(range.upperBound))
    return SettingKind(
      takes: "seconds from \(least) to \(most), also with a fraction", write: text,
      ends: .init(taken: [least, most], refused: ["-0.001", text(range.upperBound + 1)])
    ) { text in
      guard text.utf8.allSatisfy({ ("0"..."9").contains(Unicode.Scalar($0)) || $0 == UInt8(ascii: ".") }) else {
        return nil
      }
      return Double(text).flatMap { range.contains($0) ? $0 : nil }
    }
  }

  private static func text(_ seconds: Double) -> String {
    seconds.rounded() == seconds ? String(Int(seconds)) : "\(seconds)"
  }
}
