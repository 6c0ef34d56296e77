import HTTPAPI
package import HTTPTypes

extension HTTPField.Name {
  /// Set by the connection, never by a client, on a request that came after the gateway began to drain. Whether a request is
  /// still accepted is decided once, where it comes in.
  package static let turnedAway = known("X-Gatehouse-Turned-Away")
  /// Set by the connection, never by a client. See `Malformation`.
  package static let malformed = known("X-Gatehouse-Malformed")
}
