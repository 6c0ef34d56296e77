import Logging
import Logs
import Model

/// A line in the log for a call.
extension ProxiedCall {
  /// Whether the call gets a line in the log.
  var isLogged: Bool {
    switch gateway.configuration.accessLog {
    case .off: false
    case .all: true
    case .errors: isFault
    case .sampled: isFault || loop.random.next() % Self.sample == 0
    }
  }

  /// One of so many calls is in the sample.
  private static let sample: UInt64 = 100

  private var isFault: Bool { status >= 500 || status == 499 || isBrokenOff }

  func log(_ duration: UInt64) {
    gateway.accessLog.write(
      AccessRecord(
        id: identifier.text, method: head.text(head.methodName), path: head.pathForLog, status: status,
        duration: .nanoseconds(Int64(duration)), client: client.address?.description ?? "unknown"),
      level: .info)
  }

  /// Logs that a server failed, unless its failures were logged just now.
  func report(_ failure: UpstreamFailure, now: UInt64) {
    guard let server, server.health.mayReport(now: now) else { return }
    let origin = server.address.origin
    gateway.logger.warning(
      "the server of an API fails",
      metadata: [
        "api": "\(api?.label ?? "unknown")", "upstream.host": "\(origin.host)",
        "upstream.port": .stringConvertible(origin.port), "failure": "\(failure)",
        "error": "\(loop.pool.origin(of: server).newestFault ?? "none")", "request.id": "\(identifier.text)",
      ])
  }
}
