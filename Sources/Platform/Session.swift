package import Authentication
import DocumentStore
import HTTPTypes
import JSON
package import Model
import Resources
import Rules

/// Who makes a call, proven by a token.
package struct Session: Sendable {
  package let actor: Requester
  package let token: AccessToken
  /// Whether the token came in a cookie, which a browser sends unasked.
  let isFromCookie: Bool

  static func refusal(_ code: String = "GTW998") -> Refusal {
    Refusal(401, code, "Log in first: the token is missing, not valid, expired or revoked")
  }
}

extension PlatformServices {
  /// The session of a request, or `nil` when its token is missing or does not count.
  func session(of headers: HTTPFields) -> Session? {
    guard let (text, isFromCookie) = Self.token(in: headers) else { return nil }
    guard let token = try? tokens.verify(text, now: now()) else { return nil }
    let model = model.version()
    guard !model.revocations.isRevoked(username: token.sub, tokenID: token.jti),
      let actor = Requester(username: token.sub, in: model)
    else { return nil }
    return Session(actor: actor, token: token, isFromCookie: isFromCookie)
  }

  /// Refuses a call that another site may have made a browser send.
  ///
  /// - Parameter route: what is called. Its path is the route's own: a client may spell it with escapes.
  func checkForgery(_ session: Session, _ method: HTTPRequest.Method, _ route: Route, _ headers: HTTPFields)
    throws(Refusal)
  {
    let path = route.pattern.template
    let isSafe = [.get, .head, .options].contains(method)
    guard configuration.httpsOnly, headers.isForwardedOverHTTPS, session.isFromCookie, !isSafe,
      path.beginsWithBytes("/platform/"), !path.beginsWithBytes("/platform/authorization")
    else { return }
    let cookie = CookieJar.value(CookieJar.csrf, in: headers)
    guard let cookie, !cookie.isEmpty, headers[.csrfToken]?.hasSameBytes(as: cookie) == true else {
      throw Refusal(401, "GTW998", "The X-CSRF-Token header must hold the value of the csrf_token cookie")
    }
  }

  /// The token of a request: the cookie's, else the one of `Authorization`.
  private static func token(in headers: HTTPFields) -> (text: String, isFromCookie: Bool)? {
    if let cookie = CookieJar.value(CookieJar.accessToken, in: headers), !cookie.isEmpty { return (cookie, true) }
    // Of two fields a proxy might have checked the other one.
    let fields = headers[values: .authorization]
    guard fields.count == 1, let (scheme, credentials) = fields.first?.cut(at: UInt8(ascii: " ")),
      scheme.asciiLowercased.hasSameBytes(as: "bearer")
    else { return nil }
    let token = credentials.withoutOuterSpace
    return token.isEmpty ? nil : (token, false)
  }
}
