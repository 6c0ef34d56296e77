import JSON

/// The port at which other tasks reach a process.
package struct LeaseAddress: Sendable, Equatable {
  /// A name or an address, without brackets.
  package let host: String
  /// The number of the port.
  package let port: Int
  /// Whether the port speaks TLS.
  package let isSecure: Bool

  /// A port.
  package init(host: String, port: Int, isSecure: Bool) {
    (self.host, self.port, self.isSecure) = (host, port, isSecure)
  }

  init?(_ object: JSONObject) {
    guard let host = object["host"]?.string, !host.isEmpty, let port = object["port"]?.number?.int,
      1...65_535 ~= port, let isSecure = object["tls"]?.bool
    else { return nil }
    self.init(host: host, port: port, isSecure: isSecure)
  }

  var json: JSONObject { ["host": .string(host), "port": .integer(port), "tls": .bool(isSecure)] }
}
