package import Authentication
import HTTPAPI
import HTTPTypes
import JSON
package import Model

/// The user of a request, proven by a token.
package struct Session: Sendable {
  /// The user.
  package let requester: Requester
  /// The token that proves it.
  package let token: AccessToken
  /// Whether the token came in a cookie, which a browser sends unasked.
  let isFromCookie: Bool

  /// The answer to a request without a valid token.
  static func error(_ code: String = "GTW998") -> APIError {
    APIError(401, code, "Log in first: the token is missing, not valid, expired or revoked")
  }
}

extension Session {
  /// Finds the session of a request.
  ///
  /// - Returns: `nil` when the token is missing or not valid.
  init?(of headers: HTTPFields, in state: ModelVersion, _ accounts: AccountServices) {
    guard let (text, isFromCookie) = Self.token(in: headers) else { return nil }
    guard let session = accounts.tokens.session(of: text, in: state, now: accounts.now()) else { return nil }
    self.init(requester: session.requester, token: session.token, isFromCookie: isFromCookie)
  }

  /// Refuses a request that another site may have made a browser send.
  ///
  /// - Parameter route: the route. Its own path counts: a client may spell the path with escapes.
  func checkForgery(_ route: Route, _ method: HTTPRequest.Method, _ headers: HTTPFields, httpsOnly: Bool)
    throws(APIError)
  {
    let path = route.pattern.template
    let isSafe = [.get, .head, .options].contains(method)
    guard httpsOnly, headers.isForwardedOverHTTPS, isFromCookie, !isSafe, path.beginsWithBytes("/platform/"),
      !path.beginsWithBytes("/platform/authorization")
    else { return }
    let cookie = CookieJar.value(CookieJar.csrf, in: headers)
    guard let cookie, !cookie.isEmpty, headers[.csrfToken]?.hasSameBytes(as: cookie) == true else {
      throw APIError(401, "GTW998", "The X-CSRF-Token header must hold the value of the csrf_token cookie")
    }
  }

  /// The token of a request: the cookie's, or else the one of `Authorization`.
  private static func token(in headers: HTTPFields) -> (text: String, isFromCookie: Bool)? {
    if let cookie = CookieJar.value(CookieJar.accessToken, in: headers), !cookie.isEmpty { return (cookie, true) }
    return RequestToken.inAuthorization(headers[values: .authorization]).map { ($0, false) }
  }
}
