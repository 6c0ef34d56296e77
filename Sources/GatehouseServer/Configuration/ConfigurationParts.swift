import Authentication
import DumpDirectory
import JSON
import Platform
import Rules
import Settings

extension Configuration {
  static func checkMode(_ reader: inout EnvironmentReader) {
    let name = !reader.isSet("MEM_OR_EXTERNAL") && reader.isSet("MEM_OR_REDIS") ? "MEM_OR_REDIS" : "MEM_OR_EXTERNAL"
    let isMemory = reader.choice(name, default: "MEM", of: ["MEM": true, "REDIS": false, "EXTERNAL": false])
    if isMemory == false {
      reader.fault(name, "asks for a store outside the process, which this version does not have; set \(name)=MEM")
    }
    let threads = reader.integer("THREADS", default: 1, in: 1...1024)
    if threads != 1 {
      reader.fault(
        "THREADS",
        "is \(threads); with MEM_OR_EXTERNAL=MEM the state lives in the memory of one process, so set THREADS=1 (it uses all cores all the same)"
      )
    }
  }

  static func memory(_ reader: inout EnvironmentReader, isProduction: Bool) -> Memory? {
    let dumps = DumpSettings(&reader, isProduction: isProduction)
    checkPlace(&reader, dumps)
    _ = reader.choice("MEM_DUMP_FORMAT", default: "dmp1", of: ["dmp1": true])
    let isEnabled = reader.boolean("MEM_AUTO_SAVE_ENABLED", default: false)
    let frequency = reader.integer("MEM_AUTO_SAVE_FREQ", default: 900, in: 60...Int.max)
    let maximumAge = reader.parsed(
      "MEM_AUTO_SAVE_MAX_AGE", absent: "off", takes: "seconds, at least MEM_AUTO_SAVE_FREQ (\(frequency))"
    ) { text in Int(text).flatMap { $0 >= frequency ? $0 : nil } }
    if maximumAge != nil, !isEnabled {
      reader.fault("MEM_AUTO_SAVE_MAX_AGE", "is set, but the timer is off; set MEM_AUTO_SAVE_ENABLED=true, too")
    }
    let allowsEmptyStart = reader.boolean("MEM_ALLOW_EMPTY_START", default: false)
    let allowsOlderStart = reader.boolean("MEM_ALLOW_OLDER_START", default: false)
    let autoSaveVariables = ["MEM_AUTO_SAVE_ENABLED", "MEM_AUTO_SAVE_FREQ"].filter { reader.isSet($0) }
    return dumps.map { dumps in
      Memory(
        dumps: dumps, autoSaveEnabled: isEnabled, autoSaveFrequency: frequency, autoSaveMaximumAge: maximumAge,
        allowsEmptyStart: allowsEmptyStart, allowsOlderStart: allowsOlderStart,
        autoSaveVariables: Set(autoSaveVariables))
    }
  }

  /// A path that can be none is a fault of the environment; what the volume says of it shows at the start.
  private static func checkPlace(_ reader: inout EnvironmentReader, _ dumps: DumpSettings?) {
    guard let dumps else { return }
    do throws(DumpDirectoryError) {
      _ = try DumpLocation(dumps, workingDirectory: ProcessSurroundings.workingDirectory)
    } catch {
      reader.fault("MEM_DUMP_PATH", "names no place for dumps: \(error)")
    }
  }

  /// Two accounts can't have one e-mail address.
  static func checkAccounts(
    _ reader: inout EnvironmentReader, _ administrator: Administrator?, _ sidecar: SidecarLogin?
  ) {
    guard let administrator, let sidecar else { return }
    let email = SidecarAccount(username: sidecar.username).email
    if administrator.email.hasSameBytes(as: email) {
      reader.fault(
        "DOORMAN_ADMIN_EMAIL", "is '\(email)', which is the sidecar's address; choose another one for the admin")
    }
  }

  static func administrator(_ reader: inout EnvironmentReader, isProduction: Bool) -> Administrator? {
    let email = reader.text("DOORMAN_ADMIN_EMAIL", default: "admin@doorman.dev")
    if !email.contains("@") || !(3...127).contains(email.count) {
      reader.fault(
        "DOORMAN_ADMIN_EMAIL", "is '\(email.prefix(80))'; it takes an e-mail address of at most 127 characters")
    }
    let password = reader.secret("DOORMAN_ADMIN_PASSWORD")
    guard let password else {
      if !reader.isSet("DOORMAN_ADMIN_PASSWORD") {
        reader.fault(
          "DOORMAN_ADMIN_PASSWORD",
          "is not set; the first user, '\(Users.admin)', logs in with it. \(PasswordRule.sentence)")
      }
      return nil
    }
    if isProduction, !PasswordRule.holds(password.reveal()) {
      reader.fault("DOORMAN_ADMIN_PASSWORD", "is too weak for ENV=production. \(PasswordRule.sentence)")
    }
    if let fault = PasswordRule.fault(in: password.reveal()) { reader.fault("DOORMAN_ADMIN_PASSWORD", fault) }
    return Administrator(email: email, password: password)
  }

  static func sidecar(_ reader: inout EnvironmentReader, isProduction: Bool) -> SidecarLogin? {
    let username = reader.optionalText("SIDECAR_USERNAME")
    let password = reader.secret("SIDECAR_PASSWORD", minimumLength: isProduction ? 32 : 16)
    if let username {
      let isPlain = username.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value < 0x7F }
      if !(3...50).contains(username.count) || !isPlain || username == Users.admin {
        reader.fault(
          "SIDECAR_USERNAME",
          "is '\(username.prefix(80))'; it takes a name of 3 to 50 characters that is nobody else's, such as sidecar")
      }
      if password == nil, !reader.isSet("SIDECAR_PASSWORD") {
        reader.fault(
          "SIDECAR_PASSWORD", "is not set, but SIDECAR_USERNAME is; set both, or none where there is no sidecar")
      }
    } else if reader.isSet("SIDECAR_PASSWORD") {
      reader.fault(
        "SIDECAR_USERNAME", "is not set, but SIDECAR_PASSWORD is; set both, or none where there is no sidecar")
    }
    if let fault = password.flatMap({ PasswordRule.fault(in: $0.reveal()) }) { reader.fault("SIDECAR_PASSWORD", fault) }
    guard let username, let password else { return nil }
    return SidecarLogin(username: username, password: password)
  }

  static func tokenKeys(
    _ reader: inout EnvironmentReader, isProduction: Bool, readFile: (String) throws -> String
  ) -> [TokenKey]? {
    let minimum = isProduction ? 32 : 1
    let secret = reader.secret("JWT_SECRET_KEY", minimumLength: minimum)
    let list = reader.secret("JWT_KEYS")
    if let list {
      do {
        let keys = try TokenKey.keys(of: list.reveal(), minimumSecretLength: minimum, readFile: readFile)
        // Tokens that were signed before the keys came still verify.
        return keys + (secret.map { [TokenKey(secret: $0.reveal())] } ?? [])
      } catch {
        reader.fault("JWT_KEYS", "is not usable: \(error)")
        return nil
      }
    }
    if secret == nil, !reader.isSet("JWT_SECRET_KEY"), !reader.isSet("JWT_KEYS") {
      reader.fault(
        "JWT_SECRET_KEY", "is not set, nor JWT_KEYS; tokens are signed with it. A good one: openssl rand -base64 32")
    }
    return secret.map { [TokenKey(secret: $0.reveal())] }
  }

  static func platform(_ reader: inout EnvironmentReader, isProduction: Bool) -> Platform {
    let httpsOnly = reader.boolean("HTTPS_ONLY", default: false)
    if isProduction && !httpsOnly {
      reader.fault(
        "HTTPS_ONLY", "must be true with ENV=production: cookies must not travel in the clear. Set HTTPS_ONLY=true")
    }
    var tokens = PlatformConfiguration.TokenLifetimes()
    tokens.access = lifetime(&reader, "AUTH_EXPIRE_TIME", 30, "AUTH_EXPIRE_TIME_FREQ", "minutes")
    tokens.refresh = lifetime(&reader, "AUTH_REFRESH_EXPIRE_TIME", 7, "AUTH_REFRESH_EXPIRE_FREQ", "days")
    let bodySize = reader.integer("MAX_BODY_SIZE_BYTES", default: 1_048_576, in: 1...Int.max)
    let isUnlimited = reader.boolean("DISABLE_BODY_SIZE_LIMIT", default: false)
    // The longest body must find room.
    let longest = min(bodySize, 1 << 40)
    let requestMemory = reader.integer(
      "MAX_REQUEST_MEMORY_BYTES", default: max(64 << 20, longest), in: max(1 << 20, longest)...Int.max)
    let loginLimit = limit(&reader, "LOGIN_IP_RATE_LIMIT", 5, "LOGIN_IP_RATE_WINDOW", 300)
    let isLoginUnlimited = reader.boolean("LOGIN_IP_RATE_DISABLED", default: false)
    return Platform(
      httpsOnly: httpsOnly,
      strictEnvelope: reader.boolean("STRICT_RESPONSE_ENVELOPE", default: false),
      maximumPageSize: reader.integer("MAX_PAGE_SIZE", default: 200, in: 1...10_000),
      maximumBodySize: isUnlimited ? nil : bodySize, maximumRequestMemory: requestMemory,
      bodyLimitExcludedPaths: reader.list("BODY_LIMIT_EXCLUDE_PATHS", default: []),
      cookies: cookies(&reader), tokens: tokens, loginLimit: isLoginUnlimited ? nil : loginLimit,
      registrationLimit: limit(&reader, "REGISTER_IP_RATE_LIMIT", 5, "REGISTER_IP_RATE_WINDOW", 3600),
      localhostBypass: reader.optionalBoolean("LOCAL_HOST_IP_BYPASS", absent: "true"),
      crossOrigin: crossOrigin(&reader),
      contentSecurityPolicy: contentSecurityPolicy(&reader))
  }
}

extension Configuration {
  private static func cookies(_ reader: inout EnvironmentReader) -> PlatformConfiguration.Cookies {
    var cookies = PlatformConfiguration.Cookies()
    cookies.domain = reader.optionalText("COOKIE_DOMAIN")
    cookies.sameSite =
      reader.choice(
        "COOKIE_SAMESITE", default: "Strict",
        of: ["Strict": PlatformConfiguration.Cookies.SameSite.strict, "Lax": .lax, "None": .none]) ?? .strict
    cookies.secure = reader.optionalBoolean("COOKIE_SECURE", absent: "derived")
    return cookies
  }

  /// An origin has no path, not even `/`, no query and no user (RFC 6454); its scheme may be an app's own.
  private static func isOrigin(_ text: String) -> Bool {
    if text == "*" || text == "null" { return true }
    let bytes = Array(text.utf8)
    guard let mark = bytes.firstRange(of: "://".utf8), mark.lowerBound > 0 else { return false }
    let authority = bytes[mark.upperBound...]
    return !authority.isEmpty && !authority.contains { "/?#@\\ ".utf8.contains($0) || !(0x21...0x7E).contains($0) }
  }

  private static func crossOrigin(_ reader: inout EnvironmentReader) -> PlatformConfiguration.CrossOrigin {
    var policy = PlatformConfiguration.CrossOrigin()
    policy.origins = reader.list("ALLOWED_ORIGINS", default: policy.origins)
    for origin in policy.origins where !isOrigin(origin) {
      reader.fault(
        "ALLOWED_ORIGINS",
        "holds '\(origin.prefix(80))', which no browser sends as an origin; it takes *, or scheme, host and port without a path, such as https://app.example.com"
      )
    }
    policy.methods = reader.list("ALLOW_METHODS", default: policy.methods).map { $0.uppercased() }
    policy.headers = reader.list("ALLOW_HEADERS", default: policy.headers)
    policy.allowsCredentials = reader.boolean("ALLOW_CREDENTIALS", default: true)
    policy.isStrict = reader.boolean("CORS_STRICT", default: false)
    return policy
  }

  private static func contentSecurityPolicy(_ reader: inout EnvironmentReader) -> String? {
    let policy = reader.optionalText("CONTENT_SECURITY_POLICY", absent: "restrictive")
    if let policy, policy.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value > 0x7E }) {
      reader.fault("CONTENT_SECURITY_POLICY", "holds characters that no header can; write it in one line of ASCII")
    }
    return policy
  }

  private static func lifetime(
    _ reader: inout EnvironmentReader, _ name: String, _ standard: Int, _ unitName: String, _ unit: String
  ) -> Int {
    let count = reader.integer(name, default: standard, in: 1...1_000_000)
    let seconds = reader.choice(
      unitName, default: unit,
      of: [
        "seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400, "weeks": 604_800, "second": 1, "minute": 60,
        "hour": 3600, "day": 86_400, "week": 604_800,
      ])
    return count * (seconds ?? 1)
  }

  private static func limit(
    _ reader: inout EnvironmentReader, _ name: String, _ count: Int, _ windowName: String, _ window: Int
  ) -> PlatformConfiguration.Limit {
    PlatformConfiguration.Limit(
      count: reader.integer(name, default: count, in: 1...1_000_000_000),
      window: reader.integer(windowName, default: window, in: 1...86_400 * 366))
  }
}
