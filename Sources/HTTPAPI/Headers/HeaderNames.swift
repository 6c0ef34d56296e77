package import HTTPTypes
import JSON

extension HTTPField.Name {
  /// A name that is known to be valid.
  package static func known(_ name: StaticString) -> HTTPField.Name {
    guard let name = HTTPField.Name("\(name)") else {
      // All callers give constants, and a test reads each name.
      preconditionFailure("'\(name)' is not a token (RFC 9110 section 5.6.2)")
    }
    return name
  }

  /// The identifier of a request.
  package static let requestID = known("X-Request-ID")
  /// The identifier of a request, as Doorman spells the name.
  package static let requestIDOfDoorman = known("request_id")
  /// The size of a JSON body before it is compressed, as in Doorman.
  package static let bodyLength = known("X-Body-Length")
  /// The addresses that a request came through, as proxies tell.
  package static let forwardedFor = known("X-Forwarded-For")
  /// The protocol that the client spoke to the first proxy.
  package static let forwardedProtocol = known("X-Forwarded-Proto")
  /// The route of a request (RFC 7239).
  package static let forwarded = known("Forwarded")
  /// The client's address, as some proxies tell it.
  package static let realAddress = known("X-Real-IP")
  /// `CF-Connecting-IP`.
  package static let connectingAddress = known("CF-Connecting-IP")
  /// The value of the CSRF cookie, which only scripts of our own origin can read.
  package static let csrfToken = known("X-CSRF-Token")
  /// The client's wishes, such as how long it waits for an answer.
  package static let prefer = known("Prefer")
  /// `never`: the request is for the task that it reaches, and is not handed to the one that writes.
  package static let handOn = known("X-Gatehouse-Hand-On")
  /// The number of requests that a limit allows.
  package static let rateLimit = known("X-RateLimit-Limit")
  /// The number of requests that a limit has left.
  package static let rateRemaining = known("X-RateLimit-Remaining")
  /// Seconds until a limit counts anew.
  package static let rateReset = known("X-RateLimit-Reset")
  /// Whether pages may show an answer in a frame.
  package static let frameOptions = known("X-Frame-Options")
  /// The part of an answer's address that browsers tell other sites.
  package static let referrerPolicy = known("Referrer-Policy")
  /// The features of the browser that an answer may use.
  package static let permissionsPolicy = known("Permissions-Policy")
}

extension HTTPFields {
  /// Whether the first proxy says that the client spoke HTTPS to it.
  package var isForwardedOverHTTPS: Bool {
    let field = self[HTTPField.Name.forwardedProtocol]
    let first = field.map { $0.cut(at: UInt8(ascii: ","))?.before ?? $0 }
    return first?.withoutOuterSpace.asciiLowercased.hasSameBytes(as: "https") ?? false
  }
}
