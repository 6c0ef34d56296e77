package import HTTPAPI
package import Model

/// What the environment decides about the platform API.
package struct PlatformConfiguration: Sendable {
  /// Secure cookies, CSRF checks and HSTS.
  package var httpsOnly = false
  /// HTTP 200 with the status in the body.
  package var strictEnvelope = false
  package var maximumPageSize = 200
  /// Bytes; `nil` for no limit.
  package var maximumBodySize: Int? = 1_048_576
  /// Bytes that the heads and bodies of all requests may hold together, beyond the first of each.
  package var maximumRequestMemory = 64 << 20
  /// Paths, or beginnings of paths that end in `*`, whose bodies are not limited.
  package var bodyLimitExcludedPaths: [String] = []
  package var cookies = Cookies()
  package var tokens = TokenLifetimes()
  /// Per client address; `nil` for no limit.
  package var loginLimit: Limit? = Limit(count: 5, window: 300)
  package var registrationLimit: Limit? = Limit(count: 5, window: 3600)
  /// `LOCAL_HOST_IP_BYPASS`; it can't be changed by the settings when it was set.
  package var localhostBypass: Bool?
  package var settings: SecuritySettings.Defaults
  package var crossOrigin = CrossOriginPolicy.Configuration()
  package var contentSecurityPolicy = SecurityHeaders.standardContentSecurityPolicy
  /// Of the program, for the description of the API.
  package var version: String

  package init(settings: SecuritySettings.Defaults, version: String) {
    self.settings = settings
    self.version = version
  }

  package struct Cookies: Sendable {
    package enum SameSite: String, Sendable {
      case strict = "Strict"
      case lax = "Lax"
      case none = "None"
    }

    package var domain: String?
    package var sameSite = SameSite.strict
    /// `nil`: when the request came over HTTPS, or `httpsOnly`.
    package var secure: Bool?

    package init() {}
  }

  package struct TokenLifetimes: Sendable {
    /// Seconds.
    package var access = 1800
    /// Seconds.
    package var refresh = 604_800

    package init() {}
  }

  package struct Limit: Sendable {
    package let count: Int
    /// Seconds.
    package let window: Int

    package init(count: Int, window: Int) {
      self.count = count
      self.window = window
    }
  }
}
