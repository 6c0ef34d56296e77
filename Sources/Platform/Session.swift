package import Authentication
import DocumentStore
import HTTPTypes
package import Resources

/// Who makes a call, proven by a token.
package struct Session: Sendable {
  package let actor: Actor
  package let token: AccessToken
  /// Whether the token came in a cookie, which a browser sends unasked.
  let isFromCookie: Bool

  static func refusal(_ code: String = "GTW998") -> Refusal {
    Refusal(401, code, "Log in first: the token is missing, not valid, expired or revoked")
  }
}

extension PlatformServices {
  /// The session of a request, or `nil` when its token is missing or does not count.
  func session(of headers: HTTPFields) async -> Session? {
    guard let (text, isFromCookie) = Self.token(in: headers) else { return nil }
    guard let token = try? await tokens.verify(text, now: now()) else { return nil }
    let snapshot = store.snapshot()
    guard !Revocations.isRevoked(username: token.sub, tokenID: token.jti, in: snapshot),
      let actor = Actor(username: token.sub, in: snapshot)
    else { return nil }
    return Session(actor: actor, token: token, isFromCookie: isFromCookie)
  }

  /// Refuses a call that another site may have made a browser send.
  func checkForgery(_ session: Session, _ method: HTTPRequest.Method, _ path: String, _ headers: HTTPFields)
    throws(Refusal)
  {
    let isSafe = [.get, .head, .options].contains(method)
    guard configuration.httpsOnly, headers.forwardedProtocol == "https", session.isFromCookie, !isSafe,
      path.hasPrefix("/platform/"), !path.hasPrefix("/platform/authorization")
    else { return }
    let cookie = CookieJar.value(CookieJar.csrf, in: headers)
    guard let cookie, !cookie.isEmpty, headers[.csrfToken] == cookie else {
      throw Refusal(401, "GTW998", "The X-CSRF-Token header must hold the value of the csrf_token cookie")
    }
  }

  private static func token(in headers: HTTPFields) -> (text: String, isFromCookie: Bool)? {
    if let cookie = CookieJar.value(CookieJar.accessToken, in: headers), !cookie.isEmpty { return (cookie, true) }
    guard let authorization = headers[.authorization], authorization.lowercased().hasPrefix("bearer ") else {
      return nil
    }
    let token = authorization.dropFirst("bearer ".count).filter { $0 != " " }
    return token.isEmpty ? nil : (token, false)
  }
}
