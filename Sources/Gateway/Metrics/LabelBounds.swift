/// The bounds for labels of servers and APIs. Each value of a label costs memory wherever the figures are kept.
enum LabelBounds {
  /// Servers with labels of their own.
  static let servers = 1000
  /// APIs with labels of their own among those whose circuit breakers are not closed.
  static let breakers = 1000
  /// The label of the rest.
  static let other = "other"

  /// The first servers, and the sum of the rest.
  static func bounded(_ pools: [PoolFigures]) -> [PoolFigures] {
    guard pools.count > servers else { return pools }
    var rest = PoolFigures(server: other, open: 0, idle: 0, waiting: 0)
    for pool in pools.dropFirst(servers) { rest.add(pool) }
    return Array(pools.prefix(servers)) + [rest]
  }

  /// The first APIs, and the worst state of the rest.
  static func bounded(_ breakers: [BreakerFigure]) -> [BreakerFigure] {
    guard breakers.count > self.breakers else { return breakers }
    let isOneOpen = breakers.dropFirst(self.breakers).contains(where: \.isOpen)
    let rest = BreakerFigure(api: other, phase: isOneOpen ? "open" : "half-open")
    return Array(breakers.prefix(self.breakers)) + [rest]
  }
}

/// The circuit breaker of an API, when it is not closed.
struct BreakerFigure: Sendable {
  let api: String
  /// As `CircuitBreaker.phaseName` has it.
  let phase: String

  var isOpen: Bool { phase == "open" }
}
