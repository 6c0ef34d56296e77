import HTTPAPI
import HTTPTypes
import JSON
import Model
import NIOCore

/// `/api/health`, `/api/status`, `/api/caches` and `/metrics`: the gateway's state for operators, beside its data
/// plane.
enum GatewayRoutes {
  static let routes: [Route] = [
    Route(.get, "/api/health", "Whether the gateway is there", .everyone, isOfTask: true) { _ in
      .raw(["status": "online"])
    },
    Route(
      .get, "/api/status", "How the gateway is", .permission(.manageGateway, "GTW013", missingToken: "GTW401"),
      isOfTask: true, using: \.self
    ) { _, services in
      let activity = services.status.activity()
      let figures = await services.dataPlane.statusFigures()
      let tenths = activity.memoryPercent.map { Int(($0 * 10).rounded()) }
      return .data([
        "status": "online",
        "mongodb": true,
        "redis": true,
        "memory_usage": tenths.map { .string("\($0 / 10).\($0 % 10)%") } ?? .null,
        "active_connections": .integer(activity.connections),
        "uptime": .string(uptime(activity.seconds)),
        "upstreams": figures.pools,
        "circuit_breakers": figures.breakers,
      ])
    },
    Route(
      .delete, "/api/caches", "Clear caches and limit counters of the data plane",
      .permission(.manageGateway, "GTW008"), changesState: false, isOfTask: true, using: \.dataPlane
    ) { _, dataPlane in
      dataPlane.clearCaches()
      return .message("All caches cleared")
    },
    Route(
      .get, "/metrics", "The figures of calls to APIs, for Prometheus", .everyone, failures: [403: [], 503: []],
      readsMuch: true, isOfTask: true, using: \.self
    ) { call, services in
      let access = services.configuration.metrics
      guard access.isEnabled else { return text("prometheus_disabled 1\n", status: 503) }
      guard access.allows(call) else { return text("prometheus_forbidden 1\n", status: 403) }
      let connections = services.status.activity().connections
      let figures = await services.dataPlane.metricsText(clientConnections: connections)
      return text(
        figures + WriterMetrics.text(services.status.standby()) + (services.peers.map(\.metricsText) ?? ""))
    },
    Route(.options, "/api/caches", "Ask for the methods of caches", .everyone, success: 204, isOfTask: true) { _ in
      .nothing().adding([.allow: "DELETE, OPTIONS"])
    },
  ]

  private static func text(_ text: String, status: Int = 200) -> Answer {
    .encoded(ByteBuffer(string: text), type: "text/plain; version=0.0.4; charset=utf-8", status: status)
  }

  /// A duration as `2d 3h 0m 11s`, from the largest unit that is not zero. Minutes are always there.
  private static func uptime(_ seconds: Int) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60)
    var text = ""
    if days > 0 { text += "\(days)d " }
    if days > 0 || hours > 0 { text += "\(hours)h " }
    return text + "\(minutes)m \(seconds % 60)s"
  }
}
