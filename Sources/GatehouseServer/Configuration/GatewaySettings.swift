package import DumpFormat
import HTTPAPI
package import Logs
package import Platform
package import Settings

/// Every setting of the gateway: variable, what it takes, default and a sentence.
///
/// The parser reads these declarations. `--help`, `config check`, docs/reference/configuration.md and
/// compose/.env.example are made from them or compared with them by a test.
package struct GatewaySettings: SettingGroup {
  package static let title = "The gateway"

  package let process = Process()
  package let dumps = Dumps()
  package let accounts = Accounts()
  package let tokens = Tokens()
  package let http = HTTP()
  package let limits = Limits()
  package let calls = Calls()
  package let crossOrigin = CrossOrigin()
  package let compression = Compression()
  package let metrics = Metrics()
  package let logs = LogSettings.declarations
}

extension Configuration {
  /// The settings as they are declared.
  package static let settings = GatewaySettings()
}

extension GatewaySettings {
  /// The settings of the process.
  package struct Process: SettingGroup {
    package static let title = "Process"

    package let mode = SharedSettings.mode
    package let host = Setting("HOST", .text("an address"), default: "0.0.0.0", "the address to listen on")
    package let port = SharedSettings.port
    package let threads = Setting(
      "THREADS", .integer(1...1024), default: 1, "must be 1: the state is in the memory of one process")
    package let drainGrace = OptionalSetting(
      "DRAIN_GRACE", .seconds(0...600), absent: "off", "seconds that requests are still taken after the signal to stop")
    package let handoverWait = Setting(
      "HANDOVER_WAIT", .seconds(0...60), default: 5,
      "seconds that a change waits for a task that takes it, as at a hand-over; 0: off")
    package let advertiseAddress = OptionalSetting(
      "ADVERTISE_ADDRESS",
      SettingKind(takes: "a host, or host:port, with brackets around an IPv6 address") { AdvertisedAddress($0) },
      absent: "the task's own", "where other tasks reach this one")
    package let metadata = OptionalSetting(
      "ECS_CONTAINER_METADATA_URI_V4", .address(.path, example: "http://169.254.170.2/v4/0123abcd; ECS sets it"),
      absent: "set by ECS", "the task's metadata, which have its address")
    package let memoryMode = Setting(
      "MEM_OR_EXTERNAL", olderVariable: "MEM_OR_REDIS", .choice(["MEM": true, "REDIS": false, "EXTERNAL": false]),
      default: true, "where the state is; only `MEM` in this version")
  }

  /// The settings of dumps.
  package struct Dumps: SettingGroup {
    package static let title = "Dumps"

    package let shared = DumpSettings.declarations
    package let format = Setting(
      "MEM_DUMP_FORMAT", .choice(["dmp2": .dmp2, "dmp1": .dmp1]), default: DumpFormatName.dmp2,
      "the format of new dumps; Doorman reads `dmp1`")
    package let journal = Setting(
      "MEM_JOURNAL", .choice(["always": .always, "interval": .interval, "off": .off]), default: JournalChoice.always,
      "when a change is answered: after it is on the volume, or at once")
    package let journalInterval = Setting(
      "MEM_JOURNAL_INTERVAL", .integer(1...3600), default: 1,
      "seconds of changes that `MEM_JOURNAL=interval` may lose")
    package let autoSaveEnabled = Setting(
      "MEM_AUTO_SAVE_ENABLED", .boolean, default: false, "automatic dumps, until saved settings say otherwise")
    package let autoSaveFrequency = Setting(
      "MEM_AUTO_SAVE_FREQ", .integer(60...Int.max), default: 900, "seconds between automatic dumps")
    package let autoSaveMaximumAge = OptionalSetting(
      "MEM_AUTO_SAVE_MAX_AGE", .integer(60...Int.max, takes: "seconds, at least MEM_AUTO_SAVE_FREQ"), absent: "off",
      "write an automatic dump also without changes, before the newest is this old")
    package let allowsEmptyStart = Setting(
      "MEM_ALLOW_EMPTY_START", .boolean, default: false, "start empty although dumps exist and none can be loaded")
    package let allowsOlderStart = Setting(
      "MEM_ALLOW_OLDER_START", .boolean, default: false,
      "start from an older dump although a newer one may be good; its changes are lost")
  }

  /// The settings of accounts.
  package struct Accounts: SettingGroup {
    package static let title = "Accounts"

    package let adminEmail = Setting(
      "DOORMAN_ADMIN_EMAIL", .text("an e-mail address of at most 127 characters"), default: "admin@doorman.dev",
      "the first user's e-mail address; set again at every start")
    package let adminPassword = SecretSetting(
      "DOORMAN_ADMIN_PASSWORD", absent: "required",
      "the first user's password, at most 72 bytes; set again at every start")
    package let sidecarUsername = OptionalSetting(
      "SIDECAR_USERNAME", .text("a name of 3 to 50 characters that no user has"),
      "the account that the gateway creates for its sidecar, with the role `sidecar`")
    package let sidecarPassword = SecretSetting(
      "SIDECAR_PASSWORD", minimumLength: 16, inProduction: 32,
      "the password of that account, at most 72 bytes; the same for both programs")
  }

  /// The settings of tokens.
  package struct Tokens: SettingGroup {
    package static let title = "Tokens"

    package let secret = SecretSetting(
      "JWT_SECRET_KEY", inProduction: 32, absent: "required unless JWT_KEYS", "the key that signs tokens (HS256)")
    package let keys = SecretSetting("JWT_KEYS", "a JSON list of signing keys; the first active one signs, all verify")
    package let accessTime = Setting(
      "AUTH_EXPIRE_TIME", .integer(1...1_000_000), default: 30, "how long a token is valid")
    package let accessUnit = Setting("AUTH_EXPIRE_TIME_FREQ", .timeUnit, default: 60, "the unit of AUTH_EXPIRE_TIME")
    package let refreshTime = Setting(
      "AUTH_REFRESH_EXPIRE_TIME", .integer(1...1_000_000), default: 7, "how long a refreshed token is valid")
    package let refreshUnit = Setting(
      "AUTH_REFRESH_EXPIRE_FREQ", .timeUnit, default: 86_400, "the unit of AUTH_REFRESH_EXPIRE_TIME")
  }

  /// The settings of HTTP.
  package struct HTTP: SettingGroup {
    package static let title = "HTTP"

    package let httpsOnly = Setting(
      "HTTPS_ONLY", .boolean, default: false, "secure cookies, CSRF checks and HSTS; for clients that use TLS")
    package let certificateFile = OptionalSetting(
      "SSL_CERTFILE", .text("a path"), "PEM file of the port's certificate and its chain; with it the port speaks TLS")
    package let keyFile = OptionalSetting("SSL_KEYFILE", .text("a path"), "PEM file of the key of SSL_CERTFILE")
    package let cookieDomain = OptionalSetting("COOKIE_DOMAIN", .text("a domain"), "the domain of cookies")
    package let cookieSameSite = Setting(
      "COOKIE_SAMESITE",
      .choice(["Strict": PlatformConfiguration.Cookies.SameSite.strict, "Lax": .lax, "None": .none]), default: .strict,
      "the SameSite attribute of cookies")
    package let cookieSecure = OptionalSetting(
      "COOKIE_SECURE", .boolean, absent: "derived",
      "the Secure attribute of cookies; not set, it follows HTTPS_ONLY and the request")
    package let strictEnvelope = Setting(
      "STRICT_RESPONSE_ENVELOPE", .boolean, default: false, "answer always HTTP 200, with `status_code` in the body")
    package let contentSecurityPolicy = OptionalSetting(
      "CONTENT_SECURITY_POLICY", .text("one line of ASCII"), absent: "restrictive", "the header of this name")
    package let localhostBypass = OptionalSetting(
      "LOCAL_HOST_IP_BYPASS", .boolean, absent: "\(Configuration.Platform.standardLocalhostBypass)",
      "a direct client on loopback passes the address policy")
    package let securitySettingsFile = Setting(
      "SECURITY_SETTINGS_FILE", .text("a path"), default: "generated/security_settings.json",
      "Doorman's file of security settings, read while none are saved; never written")
  }

  /// The limits.
  package struct Limits: SettingGroup {
    package static let title = "Limits"

    package let loginCount = Setting(
      "LOGIN_IP_RATE_LIMIT", .integer(1...1_000_000_000), default: 5, "logins of one address in the window")
    package let loginWindow = Setting(
      "LOGIN_IP_RATE_WINDOW", .integer(1...86_400 * 366), default: 300, "the window in seconds")
    package let loginUnlimited = Setting("LOGIN_IP_RATE_DISABLED", .boolean, default: false, "no limit of logins")
    package let registrationCount = Setting(
      "REGISTER_IP_RATE_LIMIT", .integer(1...1_000_000_000), default: 5, "registrations of one address in the window")
    package let registrationWindow = Setting(
      "REGISTER_IP_RATE_WINDOW", .integer(1...86_400 * 366), default: 3600, "the window in seconds")
    package let pageSize = Setting("MAX_PAGE_SIZE", .integer(1...10_000), default: 200, "entries in a page of a list")
    package let bodySize = Setting(
      "MAX_BODY_SIZE_BYTES", .integer(1...Int.max), default: 1_048_576,
      "bytes of a request's body; 64 KiB where no login is needed")
    package let bodySizeUnlimited = Setting(
      "DISABLE_BODY_SIZE_LIMIT", .boolean, default: false, "no MAX_BODY_SIZE_BYTES; 32 MiB are the limit even then")
    package let bodySizeExcludedPaths = Setting(
      "BODY_LIMIT_EXCLUDE_PATHS", .list, default: [], shown: "none",
      "paths, or beginnings of paths that end in `*`, without that limit")
    package let requestMemory = Setting(
      "MAX_REQUEST_MEMORY_BYTES", .integer((1 << 20)...Int.max), default: 64 << 20,
      "bytes of all requests in memory together; at least MAX_BODY_SIZE_BYTES")
    package let connections = OptionalSetting(
      "MAX_CONNECTIONS", .integer(1...Int.max, takes: "a number from 1 to what the descriptors allow"),
      absent: "derived",
      "connections of clients; not set, what the descriptors allow, at most \(Configuration.mostConnections)")
    package let connectionsPerAddress = OptionalSetting(
      "MAX_CONNECTIONS_PER_ADDRESS", .connectionsPerAddress, absent: "derived",
      "connections of one address; when not set, a quarter of MAX_CONNECTIONS")
  }

  /// The settings of cross-origin requests.
  package struct CrossOrigin: SettingGroup {
    package static let title = "Cross-origin requests"
    private static let standard = CrossOriginPolicy.Configuration()

    package let origins = Setting(
      "ALLOWED_ORIGINS", .list, default: standard.origins,
      "origins whose scripts may call: scheme, host and port without a path, or `*`")
    package let methods = Setting("ALLOW_METHODS", .list, default: standard.methods, "methods that they may use")
    package let headers = Setting("ALLOW_HEADERS", .list, default: standard.headers, "headers that they may send")
    package let allowsCredentials = Setting(
      "ALLOW_CREDENTIALS", .boolean, default: standard.allowsCredentials, "whether they may send cookies")
    package let isStrict = Setting(
      "CORS_STRICT", .boolean, default: standard.isStrict, "refuse `*` together with credentials")
  }
}

extension SettingKind where Value == Int {
  /// Seconds of a unit of time.
  static var timeUnit: SettingKind {
    .choice([
      "seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400, "weeks": 604_800, "second": 1, "minute": 60,
      "hour": 3600, "day": 86_400, "week": 604_800,
    ])
  }
}

extension SettingKind where Value == Configuration.ConnectionsPerAddress {
  /// A number, or no bound.
  static var connectionsPerAddress: SettingKind {
    SettingKind(takes: "a number from 1, or off", ends: .init(taken: ["1", "off"], refused: ["0"])) { text in
      ["off", "OFF", "Off"].contains(text) ? .off : Int(text).flatMap { $0 >= 1 ? .bound($0) : nil }
    }
  }
}

/// The values of `MEM_JOURNAL`.
package enum JournalChoice: Sendable {
  case always
  case interval
  case off
}
