import Authentication
package import HTTPTypes
package import JSON
package import Model
package import Resources

/// One request as a handler sees it: found, authenticated and checked.
package struct Call: Sendable {
  package let id: String
  package let method: HTTPRequest.Method
  package let path: String
  /// The host that the client asked for.
  package let host: String?
  package let headers: HTTPFields
  /// Captured segments of the path.
  package let parameters: [String: String]
  package let query: [UTF8Key: String]
  package let caller: Caller
  /// The address that limits count.
  package let address: NetworkAddress?
  package let session: Session?
  /// The body, when the route has a model and a body came or was needed.
  package let body: CheckedBody?
  /// The body's bytes, for routes that judge it themselves.
  package let bytes: [UInt8]

  /// A captured segment.
  ///
  /// - Throws: 500 when the route has none of that name, which is a fault of its handler.
  func parameter(_ name: String) throws(Refusal) -> String {
    guard let value = parameters[name] else { throw Refusal(500, "GTW999", "The route has no segment '\(name)'") }
    return value
  }

  /// Whether the client spoke HTTPS, to us or to the proxy before us.
  var isSecure: Bool { headers.isForwardedOverHTTPS }

  func page(_ platform: PlatformServices) throws(Refusal) -> PageRequest {
    try PageRequest(
      page: query[UTF8Key("page")], size: query[UTF8Key("page_size")],
      maximumSize: platform.configuration.maximumPageSize)
  }

  /// The user who calls, on routes that need one.
  func actor() throws(Refusal) -> Requester {
    guard let session else { throw Session.refusal() }
    return session.actor
  }

  /// The body, on routes that need one.
  func requiredBody() throws(Refusal) -> CheckedBody {
    guard let body else { throw Refusal(422, "VAL001", "The body is missing") }
    return body
  }
}

extension HTTPFields {
  /// Whether the first proxy says that the client spoke HTTPS to it.
  var isForwardedOverHTTPS: Bool {
    let field = self[HTTPField.Name.forwardedProtocol]
    let first = field.map { $0.cut(at: UInt8(ascii: ","))?.before ?? $0 }
    return first?.withoutOuterSpace.asciiLowercased.hasSameBytes(as: "https") ?? false
  }
}

extension HTTPField.Name {
  /// Set by the connection, never by a client, on a request that came after the service began to drain: whether a call
  /// is still taken is decided once, where it comes in.
  package static let turnedAway = known("X-Gatehouse-Turned-Away")
  /// Set by the connection, never by a client: see `Malformation`.
  package static let malformed = known(Malformation.fieldName)

  private static func known(_ name: String) -> HTTPField.Name {
    // Every name below is a token of RFC 9110; `Accept` never stands in for one.
    HTTPField.Name(name) ?? .accept
  }

  static let requestID = known("X-Request-ID")
  static let requestIDOfPeer = known("request_id")
  static let forwardedFor = known("X-Forwarded-For")
  static let forwardedProtocol = known("X-Forwarded-Proto")
  static let forwarded = known("Forwarded")
  static let realAddress = known("X-Real-IP")
  static let csrfToken = known("X-CSRF-Token")
  static let rateLimit = known("X-RateLimit-Limit")
  static let rateRemaining = known("X-RateLimit-Remaining")
  static let rateReset = known("X-RateLimit-Reset")
  static let frameOptions = known("X-Frame-Options")
  static let referrerPolicy = known("Referrer-Policy")
  static let permissionsPolicy = known("Permissions-Policy")
}
