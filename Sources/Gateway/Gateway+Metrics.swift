import HashTreeCollections
package import JSON
import NIOCore
import Synchronization

extension Gateway {
  /// The figures of the data plane, in the text format of Prometheus.
  ///
  /// - Parameter clientConnections: connections of clients that are open.
  package func metricsText(clientConnections: Int) async -> String {
    var text = MetricsText()
    let loops = boundLoops()
    appendDoormanNames(to: &text, loops)
    text.family("gatehouse_calls_total", "counter", "Calls by endpoint and status of the answer.")
    for (label, status, calls) in metrics.calls {
      text.sample(
        "gatehouse_calls_total",
        ["api": label.api.text, "endpoint": label.endpoint.text, "status": String(status)], calls)
    }
    text.family("gatehouse_refused_calls_total", "counter", "Calls that the gateway answered itself, by code.")
    for (code, calls) in metrics.refused { text.sample("gatehouse_refused_calls_total", ["code": code], calls) }
    text.histogram(
      "gatehouse_gateway_seconds", "Time of a call within the gateway, without the server.", TimeHistogram.fine,
      loops.map(\.metrics.gatewayTime))
    text.histogram(
      "gatehouse_backend_seconds", "Time of a server, to the head of its answer.", TimeHistogram.fine,
      loops.map(\.metrics.backendTime))
    text.family(
      "gatehouse_stale_connections_total", "counter", "Tries after a kept connection was closed by the server.")
    text.sample("gatehouse_stale_connections_total", [:], metrics.staleRetries.value)
    text.family("gatehouse_client_connections", "gauge", "Connections of clients that are open.")
    text.sample("gatehouse_client_connections", [:], clientConnections)
    Self.append(pools: await poolFigures(), to: &text)
    Self.append(breakers: troubledBreakers(), to: &text)
    text.family("gatehouse_event_loop_lag_seconds", "gauge", "The longest delay of an event loop since the last look.")
    for (index, loop) in loops.enumerated() {
      let lag = loop.metrics.lag.exchange(0, ordering: .relaxed)
      text.sample("gatehouse_event_loop_lag_seconds", ["loop": String(index)], MetricsText.seconds(Int(lag / 1000)))
    }
    return text.text
  }

  /// The figures under the names that Doorman has for them.
  private func appendDoormanNames(to text: inout MetricsText, _ loops: [BoundLoop]) {
    text.family("doorman_http_requests_total", "counter", "Calls by status.")
    for (status, calls) in metrics.statuses {
      text.sample("doorman_http_requests_total", ["code": String(status)], calls)
    }
    text.histogram(
      "doorman_http_request_duration_seconds", "Time of a call, to the end of its answer.", TimeHistogram.coarse,
      loops.map(\.metrics.wholeTime))
    text.family("doorman_http_retries_total", "counter", "Tries after a failure of a server.")
    text.sample("doorman_http_retries_total", [:], metrics.retries.value)
    text.family("doorman_upstream_timeouts_total", "counter", "Servers that did not answer in time.")
    text.sample("doorman_upstream_timeouts_total", [:], metrics.timeouts.value)
  }

  /// The servers with their connections, and the breakers that are not closed, for operators.
  package func statusFigures() async -> (pools: JSONValue, breakers: JSONValue) {
    let pools = await poolFigures().map { pool -> JSONValue in
      [
        "server": .string(pool.server), "open": .integer(pool.open), "idle": .integer(pool.idle),
        "waiting": .integer(pool.waiting),
      ]
    }
    let breakers = troubledBreakers().map { breaker -> JSONValue in
      ["api": .string(breaker.api), "state": .string(breaker.phase)]
    }
    return (.array(pools), .array(breakers))
  }

  /// Writes the connections to servers, whose labels are bounded.
  static func append(pools all: [PoolFigures], to text: inout MetricsText) {
    text.family(
      "gatehouse_upstream_connections", "gauge", "Connections to servers: all, and those that wait for a call.")
    let pools = LabelBounds.bounded(all)
    for pool in pools {
      text.sample("gatehouse_upstream_connections", ["server": pool.server, "state": "open"], pool.open)
      text.sample("gatehouse_upstream_connections", ["server": pool.server, "state": "idle"], pool.idle)
    }
    text.family("gatehouse_upstream_waiting", "gauge", "Calls that wait for a connection to a server.")
    for pool in pools { text.sample("gatehouse_upstream_waiting", ["server": pool.server], pool.waiting) }
  }

  /// Writes the circuit breakers that are not closed. Their labels are bounded.
  static func append(breakers: [BreakerFigure], to text: inout MetricsText) {
    text.family("gatehouse_circuit_breaker_open", "gauge", "APIs whose calls are not made: 1 open, 0.5 being tried.")
    for breaker in LabelBounds.bounded(breakers) {
      text.sample("gatehouse_circuit_breaker_open", ["api": breaker.api], breaker.isOpen ? "1" : "0.5")
    }
  }

  private func troubledBreakers() -> [BreakerFigure] {
    table.newestTable().parts.apis.values.map { BreakerFigure(api: $0.label, phase: $0.breaker.phaseName) }
      .filter { $0.phase != "closed" }.sorted { $0.api.precedesByBytes($1.api) }
  }

  /// The connections of all event loops, by server.
  private func poolFigures() async -> [PoolFigures] {
    var sums: [String: PoolFigures] = [:]
    for bound in boundLoops() {
      // An event loop that has ended has no connections.
      let figures = (try? await bound.eventLoop.submit { bound.loop.value.pool.figures() }.get()) ?? []
      for figure in figures {
        var sum = sums[figure.server] ?? PoolFigures(server: figure.server, open: 0, idle: 0, waiting: 0)
        sum.add(figure)
        sums[figure.server] = sum
      }
    }
    return sums.values.sorted { $0.server.precedesByBytes($1.server) }
  }
}
