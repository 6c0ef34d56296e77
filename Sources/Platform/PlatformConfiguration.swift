package import HTTPAPI
package import Model

/// The settings of the platform API that the environment decides.
package struct PlatformConfiguration: Sendable {
  /// Secure cookies, CSRF checks and HSTS.
  package var httpsOnly = false
  /// HTTP 200 with the status in the body.
  package var strictEnvelope = false
  /// The largest page of a list.
  package var maximumPageSize = 200
  /// Bytes; `nil` for no limit.
  package var maximumBodySize: Int? = 1_048_576
  /// Bytes that the heads and bodies of all requests may hold together, beyond the first of each.
  package var maximumRequestMemory = 64 << 20
  /// Paths whose bodies are not limited.
  package var bodyLimitExcludedPaths = PathSet([])
  /// The attributes of cookies.
  package var cookies = Cookies()
  /// The lifetimes of tokens.
  package var tokens = TokenLifetimes()
  /// The limit of logins per client address, or `nil` for none.
  package var loginLimit: Limit? = Limit(count: 5, window: 300)
  /// The limit of registrations per client address, or `nil` for none.
  package var registrationLimit: Limit? = Limit(count: 5, window: 3600)
  /// `LOCAL_HOST_IP_BYPASS`; it can't be changed by the settings when it was set.
  package var localhostBypass: Bool?
  /// The security settings of a store that has none.
  package var settings: SecuritySettings.Defaults
  /// The policy for scripts of other origins.
  package var crossOrigin = CrossOriginPolicy.Configuration()
  /// The value of `Content-Security-Policy`.
  package var contentSecurityPolicy = SecurityHeaders.standardContentSecurityPolicy
  /// The clients that may read the metrics.
  package var metrics = MetricsAccess()
  /// The version of the program, for the description of the API.
  package var version: String

  /// The defaults.
  package init(settings: SecuritySettings.Defaults, version: String) {
    self.settings = settings
    self.version = version
  }

  /// The attributes of cookies.
  package struct Cookies: Sendable {
    /// The value of the attribute `SameSite`.
    package enum SameSite: String, Sendable {
      case strict = "Strict"
      case lax = "Lax"
      case none = "None"
    }

    /// The domain, or `nil` for the host alone.
    package var domain: String?
    /// Whether other sites' requests carry the cookies.
    package var sameSite = SameSite.strict
    /// `nil`: when the request came over HTTPS, or `httpsOnly`.
    package var secure: Bool?

    /// The defaults.
    package init() {}
  }

  /// The lifetimes of tokens.
  package struct TokenLifetimes: Sendable {
    /// Seconds of a token of a login.
    package var access = 1800
    /// Seconds of a token of a refresh.
    package var refresh = 604_800

    /// The defaults.
    package init() {}
  }

  /// A number of actions within a window.
  package struct Limit: Sendable {
    /// The number of actions.
    package let count: Int
    /// Seconds of the window.
    package let window: Int

    /// A limit.
    package init(count: Int, window: Int) {
      self.count = count
      self.window = window
    }
  }
}
