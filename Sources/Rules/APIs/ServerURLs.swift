import JSON
import Model

/// The rule of all lists of servers: each is a URL that calls can be forwarded to.
enum ServerURLs {
  /// Checks the servers of a new document.
  ///
  /// - Parameters:
  ///   - code: of the violation.
  ///   - type: the `api_type` of the API that has the servers, where there is one.
  static func check(
    _ field: String, of fields: JSONObject, code: String, type: JSONValue? = nil
  ) throws(RuleViolation) {
    guard let servers = fields[field]?.strings else { return }
    let isGRPC = type?.string?.asciiLowercased.hasSameBytes(as: "grpc") == true
    for (place, server) in servers.enumerated() where !isReadable(server, isGRPC: isGRPC) {
      throw RuleViolation(
        code,
        "'\(field)[\(place)]' is not the URL of a server, such as http://10.0.0.7:8080. It has http:// or https:// (grpc:// or grpcs:// for gRPC), a host, and where needed a port and a path; no user, query or fragment"
      )
    }
  }

  /// Checks the servers of a changed document. Servers that stay as they are are not looked at, because a dump of
  /// Doorman can have any.
  static func check(
    _ field: String, of fields: JSONObject, before: JSONObject, code: String, type: JSONValue? = nil
  ) throws(RuleViolation) {
    guard fields[field] != before[field] else { return }
    try check(field, of: fields, code: code, type: type)
  }

  /// Whether calls can be forwarded to a server. One of gRPC has schemes of its own, and an API of that type names it
  /// by `host:port` alone, too.
  private static func isReadable(_ url: String, isGRPC: Bool) -> Bool {
    let url = url.withoutOuterSpace
    for (scheme, other) in [("grpc://", "http://"), ("grpcs://", "https://")]
    where url.asciiLowercased.beginsWithBytes(scheme) {
      return ServerAddress(other + String(decoding: url.utf8.dropFirst(scheme.utf8.count), as: UTF8.self)) != nil
    }
    guard isGRPC, url.cut(at: UInt8(ascii: "/")) == nil else { return ServerAddress(url) != nil }
    return ServerAddress("http://\(url)") != nil
  }
}
