/// A secret that monitoring sends with its requests.
package struct MetricsToken: Sendable {
  private let secret: [UInt8]

  /// - Parameter secret: the text that clients send.
  package init(_ secret: String) {
    self.secret = Array(secret.utf8)
  }

  /// Whether a client sent this secret. The time that this takes tells nothing but the length.
  package func isSame(as text: String) -> Bool {
    let sent = Array(text.utf8)
    guard sent.count == secret.count else { return false }
    return zip(secret, sent).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }
}
