import JSON

/// A server that calls are forwarded to, read from its URL once.
package struct ServerAddress: Sendable, Hashable {
  /// The connection's other end. Servers with the same origin share connections.
  package struct Origin: Sendable, Hashable {
    /// Whether the connection is encrypted.
    package let isSecure: Bool
    /// A name, or an address without brackets, in lower case.
    package let host: String
    /// The port, which is that of the scheme where the URL has none.
    package let port: Int
  }

  /// The place that a connection is opened to.
  package let origin: Origin
  /// The value of `Host`.
  package let hostField: String
  /// The beginning of each path, without a slash at its end.
  package let basePath: String

  /// Reads a URL such as `http://orders.internal:8080/base`.
  ///
  /// - Returns: `nil` when the text is no URL of a server: another scheme, no host, a port that is none, a user, a
  ///   query or a fragment.
  package init?(_ url: String) {
    let text = url.withoutOuterSpace
    guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }),
      let parts = text.cut(at: UInt8(ascii: ":")), parts.after.beginsWithBytes("//")
    else { return nil }
    let isSecure: Bool
    switch parts.before.asciiLowercased {
    case "http": isSecure = false
    case "https": isSecure = true
    default: return nil
    }
    let rest = String(decoding: parts.after.utf8.dropFirst(2), as: UTF8.self)
    let slash = rest.cut(at: UInt8(ascii: "/"))
    let (authority, path) = (slash?.before ?? rest, slash.map { "/" + $0.after } ?? "")
    guard !authority.utf8.contains(UInt8(ascii: "@")), !rest.utf8.contains(UInt8(ascii: "?")),
      !rest.utf8.contains(UInt8(ascii: "#")), let (host, port) = Self.split(authority),
      let number = port.isEmpty ? (isSecure ? 443 : 80) : Self.port(port)
    else { return nil }
    origin = Origin(isSecure: isSecure, host: host.asciiLowercased, port: number)
    hostField = authority
    var base = Substring(path)
    while base.utf8.last == UInt8(ascii: "/") { base.removeLast() }
    basePath = String(base)
  }

  private static func split(_ authority: String) -> (host: String, port: String)? {
    guard authority.beginsWithBytes("[") else {
      let parts = authority.cut(at: UInt8(ascii: ":"))
      let host = parts?.before ?? authority
      return host.isEmpty || parts?.after.utf8.contains(UInt8(ascii: ":")) == true ? nil : (host, parts?.after ?? "")
    }
    guard let parts = authority.cut(at: UInt8(ascii: "]")) else { return nil }
    let host = String(decoding: parts.before.utf8.dropFirst(), as: UTF8.self)
    guard !host.isEmpty, parts.after.isEmpty || parts.after.beginsWithBytes(":") else { return nil }
    return (host, String(decoding: parts.after.utf8.dropFirst(), as: UTF8.self))
  }

  private static func port(_ text: String) -> Int? {
    guard text.utf8.allSatisfy({ 0x30...0x39 ~= $0 }), let port = Int(text), (1...65_535).contains(port) else {
      return nil
    }
    return port
  }
}
