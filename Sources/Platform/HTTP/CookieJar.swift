import FoundationEssentials
import HTTPTypes

/// The two cookies of a login.
struct CookieJar {
  static let accessToken = "access_token_cookie"
  static let csrf = "csrf_token"

  let configuration: PlatformConfiguration

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

  static func value(_ name: String, in headers: HTTPFields) -> String? {
    for line in headers[values: .cookie] {
      for pair in line.split(separator: ";") {
        let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].drop(while: { $0 == " " }) == name else { continue }
        return parts[1].filter { $0 != "\"" && $0 != " " }
      }
    }
    return nil
  }

  private func common(_ call: Call) -> String {
    let cookies = configuration.cookies
    let isSecure = cookies.secure ?? (configuration.httpsOnly || call.isSecure)
    // Browsers drop SameSite=None without Secure.
    let sameSite = cookies.sameSite == .none && !isSecure ? .lax : cookies.sameSite
    var text = "; Path=/; SameSite=\(sameSite.rawValue)"
    if let domain = cookies.domain, Self.covers(domain, host: call.host) { text += "; Domain=\(domain)" }
    if isSecure { text += "; Secure" }
    return text
  }

  /// Whether a browser at this host takes a cookie for the domain.
  private static func covers(_ domain: String, host: String?) -> Bool {
    let domain = (domain.hasPrefix(".") ? String(domain.dropFirst()) : domain).lowercased()
    guard domain.contains("."), let host = host?.lowercased() else { return false }
    let name = host.prefix { $0 != ":" }
    return name == domain || name.hasSuffix("." + domain)
  }

  private static func fields(_ cookies: [String]) -> HTTPFields {
    var fields = HTTPFields()
    for cookie in cookies { fields.append(HTTPField(name: .setCookie, value: cookie)) }
    return fields
  }
}
