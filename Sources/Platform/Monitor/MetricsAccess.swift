package import Authentication
import HTTPAPI
import HTTPTypes
import JSON
package import Model

/// The clients that may read the gateway's metrics.
package struct MetricsAccess: Sendable {
  /// Whether there are metrics at all.
  package var isEnabled = true
  /// Whether everybody may read them.
  package var isPublic = false
  /// The token that a client must send, or `nil` for none.
  package var token: MetricsToken?
  /// The addresses that may read them; empty for none. Without a token and a list, only this host may.
  package var addresses: [AddressRange] = []

  /// The defaults.
  package init() {}

  /// Whether a request may read the metrics.
  func allows(_ call: Call) -> Bool {
    if isPublic { return true }
    if let token {
      guard let sent = Self.token(of: call), token.isSame(as: sent) else { return false }
      if addresses.isEmpty { return true }
    }
    let client = call.caller.client(trusting: call.state.settings.addresses.trustedProxies)
    guard !addresses.isEmpty else { return client.isDirectLoopback }
    return client.address.map { address in addresses.contains { $0.contains(address) } } == true
  }

  private static func token(of call: Call) -> String? {
    call.headers[.prometheusToken] ?? RequestToken.inAuthorization(call.headers[values: .authorization])
  }
}

extension HTTPField.Name {
  /// The token for metrics, where `Authorization` is needed for something else.
  static let prometheusToken = known("X-Prometheus-Token")
}
