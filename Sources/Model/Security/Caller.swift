/// Where a request came from.
package struct Caller: Sendable {
  /// The other end of the connection; `nil` when the system does not tell.
  package let socket: NetworkAddress?
  /// `X-Forwarded-For`, left to right.
  package let forwardedFor: [String]
  /// Whether any header of a proxy came.
  package let isForwarded: Bool

  /// A caller, as connection and header fields show it.
  package init(socket: NetworkAddress?, forwardedFor: [String], isForwarded: Bool) {
    self.socket = socket
    self.forwardedFor = forwardedFor
    self.isForwarded = isForwarded
  }

  /// The address that limits and policies count: the socket's, or, when a trusted proxy holds the other end, the last
  /// address of `X-Forwarded-For` that is not a trusted proxy itself. What stands left of that one can be made up.
  package func address(trusting proxies: [AddressRange]) -> NetworkAddress? {
    guard let socket, proxies.contains(where: { $0.contains(socket) }) else { return socket }
    var caller = socket
    for text in forwardedFor.reversed() {
      guard let hop = NetworkAddress(text) else { break }
      caller = hop
      guard proxies.contains(where: { $0.contains(hop) }) else { break }
    }
    return caller
  }
}

extension Caller {
  /// The caller as the security settings judge it.
  package func client(trusting proxies: [AddressRange]) -> ClientAddress {
    ClientAddress(
      address: address(trusting: proxies), isDirectLoopback: socket?.isLoopback == true && !isForwarded)
  }
}
