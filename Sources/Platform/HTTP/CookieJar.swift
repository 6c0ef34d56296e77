import Authentication
import FoundationEssentials
import HTTPAPI
import HTTPTypes
import JSON

/// The two cookies of a login.
package struct CookieJar: Sendable {
  /// The cookie that holds the token.
  package static let accessToken = RequestToken.cookie
  static let csrf = "csrf_token"

  private let configuration: PlatformConfiguration.Cookies
  private let httpsOnly: Bool

  init(_ configuration: PlatformConfiguration.Cookies, httpsOnly: Bool) {
    self.configuration = configuration
    self.httpsOnly = httpsOnly
  }

  /// Cookies for a new token, and a CSRF token that scripts can read.
  ///
  /// - Parameter lifetime: seconds.
  func issue(_ token: String, lifetime: Int, for call: Call) -> HTTPFields {
    let attributes = "; Max-Age=\(lifetime)" + common(call)
    return Self.fields([
      "\(Self.csrf)=\(UUID().uuidString.lowercased())\(attributes)",
      "\(Self.accessToken)=\(token)\(attributes); HttpOnly",
    ])
  }

  func clear(for call: Call) -> HTTPFields {
    let attributes = "; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT" + common(call)
    return Self.fields([
      "\(Self.csrf)=\(attributes)",
      "\(Self.accessToken)=\(attributes); HttpOnly",
    ])
  }

  /// The value of the first cookie of a name.
  static func value(_ name: String, in headers: HTTPFields) -> String? {
    RequestToken.cookie(name, in: headers[values: .cookie])
  }

  private func common(_ call: Call) -> String {
    let isSecure = configuration.secure ?? (httpsOnly || call.isSecure)
    // Browsers drop SameSite=None without Secure.
    let sameSite = configuration.sameSite == .none && !isSecure ? .lax : configuration.sameSite
    var text = "; Path=/; SameSite=\(sameSite.rawValue)"
    if let domain = configuration.domain, Self.covers(domain, host: call.host) { text += "; Domain=\(domain)" }
    if isSecure { text += "; Secure" }
    return text
  }

  /// Whether a browser at this host takes a cookie for the domain.
  private static func covers(_ domain: String, host: String?) -> Bool {
    let domain = (domain.beginsWithBytes(".") ? String(decoding: domain.utf8.dropFirst(), as: UTF8.self) : domain)
      .asciiLowercased
    guard domain.utf8.contains(UInt8(ascii: ".")), let host = host?.asciiLowercased else { return false }
    let name = host.cut(at: UInt8(ascii: ":"))?.before ?? host
    return name.hasSameBytes(as: domain) || name.endsWithBytes("." + domain)
  }

  private static func fields(_ cookies: [String]) -> HTTPFields {
    var fields = HTTPFields()
    for cookie in cookies { fields.append(HTTPField(name: .setCookie, value: cookie)) }
    return fields
  }
}
