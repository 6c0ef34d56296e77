import Authentication
import DumpDirectory
import HTTPAPI
import JSON
import Persistence
import Platform
import Rules
import Settings

extension Configuration {
  static func checkMode(_ reader: inout EnvironmentReader) {
    let setting = settings.process.memoryMode
    let isMemory = reader.value(of: setting)
    if !isMemory {
      let name = reader.name(of: setting)
      reader.fault(setting, "asks for a store outside the process, which this version does not have; set \(name)=MEM")
    }
    let threads = reader.value(of: settings.process.threads)
    if threads != 1 {
      reader.fault(
        settings.process.threads,
        "is \(threads); with MEM_OR_EXTERNAL=MEM the state lives in the memory of one process, so set THREADS=1 (it uses all cores all the same)"
      )
    }
  }

  static func memory(_ reader: inout EnvironmentReader, isProduction: Bool) -> Memory? {
    let dumps = DumpSettings(&reader, isProduction: isProduction)
    checkPlace(&reader, dumps)
    let declared = settings.dumps
    let format = reader.value(of: declared.format)
    let interval = Duration.seconds(reader.value(of: declared.journalInterval))
    let journal: Journal.Mode? =
      switch reader.value(of: declared.journal) {
      case .always: .always
      case .interval: .interval(interval)
      case .off: nil
      }
    let isEnabled = reader.value(of: declared.autoSaveEnabled)
    let frequency = reader.value(of: declared.autoSaveFrequency)
    let maximumAge = reader.value(
      of: declared.autoSaveMaximumAge.with(
        .integer(frequency...Int.max, takes: "seconds, at least MEM_AUTO_SAVE_FREQ (\(frequency))")))
    if maximumAge != nil, !isEnabled {
      reader.fault(
        declared.autoSaveMaximumAge, "is set, but automatic dumps are off; set MEM_AUTO_SAVE_ENABLED=true, too"
      )
    }
    let allowsEmptyStart = reader.value(of: declared.allowsEmptyStart)
    let allowsOlderStart = reader.value(of: declared.allowsOlderStart)
    let autoSave: [any DeclaredSetting] = [declared.autoSaveEnabled, declared.autoSaveFrequency]
    let autoSaveVariables = autoSave.filter { reader.isSet($0) }.map(\.description.variable)
    return dumps.map { dumps in
      Memory(
        dumps: dumps, dumpFormat: format, journal: journal, autoSaveEnabled: isEnabled, autoSaveFrequency: frequency,
        autoSaveMaximumAge: maximumAge,
        allowsEmptyStart: allowsEmptyStart, allowsOlderStart: allowsOlderStart,
        autoSaveVariables: Set(autoSaveVariables))
    }
  }

  /// An impossible path is a fault of the environment. Whether the volume accepts it shows at the start.
  private static func checkPlace(_ reader: inout EnvironmentReader, _ dumps: DumpSettings?) {
    guard let dumps else { return }
    do throws(DumpDirectoryError) {
      _ = try DumpLocation(dumps, workingDirectory: ProcessEnvironment.workingDirectory)
    } catch {
      reader.fault(settings.dumps.shared.path, "is no valid path for dumps: \(error)")
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
        settings.accounts.adminEmail, "is '\(email)', which is the sidecar's address; choose another one for the admin")
    }
  }

  static func administrator(_ reader: inout EnvironmentReader, isProduction: Bool) -> Administrator? {
    let declared = settings.accounts
    let email = reader.value(of: declared.adminEmail)
    if !email.contains("@") || !(3...127).contains(email.count) {
      reader.fault(
        settings.accounts.adminEmail, "is '\(email.prefix(80))'; it takes an e-mail address of at most 127 characters")
    }
    let password = reader.secret(declared.adminPassword)
    guard let password else {
      if !reader.isSet(declared.adminPassword) {
        reader.fault(
          declared.adminPassword,
          "is not set; the first user, '\(Users.admin)', logs in with it. \(PasswordRule.sentence)")
      }
      return nil
    }
    if isProduction, !PasswordRule.holds(password.reveal()) {
      reader.fault(declared.adminPassword, "is too weak for ENV=production. \(PasswordRule.sentence)")
    }
    if let fault = PasswordRule.fault(in: password.reveal()) { reader.fault(declared.adminPassword, fault) }
    return Administrator(email: email, password: password)
  }

  static func sidecar(_ reader: inout EnvironmentReader, isProduction: Bool) -> SidecarLogin? {
    let declared = settings.accounts
    let username = reader.value(of: declared.sidecarUsername)
    let password = reader.secret(declared.sidecarPassword, isProduction: isProduction)
    if let username {
      let isPlain = username.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value < 0x7F }
      if !(3...50).contains(username.count) || !isPlain || username == Users.admin {
        reader.fault(
          declared.sidecarUsername,
          "is '\(username.prefix(80))'; it takes a name of 3 to 50 characters that is nobody else's, such as sidecar")
      }
      if password == nil, !reader.isSet(declared.sidecarPassword) {
        reader.fault(
          declared.sidecarPassword, "is not set, but SIDECAR_USERNAME is; set both, or none where there is no sidecar")
      }
    } else if reader.isSet(declared.sidecarPassword) {
      reader.fault(
        declared.sidecarUsername, "is not set, but SIDECAR_PASSWORD is; set both, or none where there is no sidecar")
    }
    if let fault = password.flatMap({ PasswordRule.fault(in: $0.reveal()) }) {
      reader.fault(declared.sidecarPassword, fault)
    }
    guard let username, let password else { return nil }
    return SidecarLogin(username: username, password: password)
  }

  static func tokenKeys(
    _ reader: inout EnvironmentReader, isProduction: Bool, readFile: (String) throws -> String
  ) -> [TokenKey]? {
    let minimum = settings.tokens.secret.minimumLength(isProduction: isProduction)
    let secret = reader.secret(settings.tokens.secret, isProduction: isProduction)
    let list = reader.secret(settings.tokens.keys)
    if let list {
      do {
        let keys = try TokenKey.keys(of: list.reveal(), minimumSecretLength: minimum, readFile: readFile)
        // Tokens that were signed before the list was set still verify.
        return keys + (secret.map { [TokenKey(secret: $0.reveal())] } ?? [])
      } catch {
        reader.fault(settings.tokens.keys, "is not usable: \(error)")
        return nil
      }
    }
    if secret == nil, !reader.isSet(settings.tokens.secret), !reader.isSet(settings.tokens.keys) {
      reader.fault(
        settings.tokens.secret,
        "is not set, nor JWT_KEYS; tokens are signed with it. A good one: openssl rand -base64 32")
    }
    return secret.map { [TokenKey(secret: $0.reveal())] }
  }

  static func platform(_ reader: inout EnvironmentReader, isProduction: Bool) -> Platform {
    let (http, limits) = (settings.http, settings.limits)
    let httpsOnly = reader.value(of: http.httpsOnly)
    if isProduction && !httpsOnly {
      reader.fault(
        http.httpsOnly, "must be true with ENV=production: cookies must not travel in the clear. Set HTTPS_ONLY=true")
    }
    let tokens = tokens(&reader)
    let bodySize = reader.value(of: limits.bodySize)
    let isUnlimited = reader.value(of: limits.bodySizeUnlimited)
    let requestMemory = requestMemory(&reader, bodySize: bodySize)
    let loginLimit = limit(&reader, limits.loginCount, limits.loginWindow)
    let isLoginUnlimited = reader.value(of: limits.loginUnlimited)
    return Platform(
      httpsOnly: httpsOnly,
      strictEnvelope: reader.value(of: http.strictEnvelope),
      maximumPageSize: reader.value(of: limits.pageSize),
      maximumBodySize: isUnlimited ? nil : bodySize, maximumRequestMemory: requestMemory,
      bodyLimitExcludedPaths: PathSet(reader.value(of: limits.bodySizeExcludedPaths)),
      cookies: cookies(&reader), tokens: tokens, loginLimit: isLoginUnlimited ? nil : loginLimit,
      registrationLimit: limit(&reader, limits.registrationCount, limits.registrationWindow),
      localhostBypass: reader.value(of: http.localhostBypass),
      crossOrigin: crossOrigin(&reader), metrics: metrics(&reader),
      contentSecurityPolicy: contentSecurityPolicy(&reader))
  }
}

extension Configuration {
  private static func cookies(_ reader: inout EnvironmentReader) -> PlatformConfiguration.Cookies {
    var cookies = PlatformConfiguration.Cookies()
    cookies.domain = reader.value(of: settings.http.cookieDomain)
    cookies.sameSite = reader.value(of: settings.http.cookieSameSite)
    cookies.secure = reader.value(of: settings.http.cookieSecure)
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

  private static func crossOrigin(_ reader: inout EnvironmentReader) -> CrossOriginPolicy.Configuration {
    var policy = CrossOriginPolicy.Configuration()
    let declared = settings.crossOrigin
    policy.origins = reader.value(of: declared.origins)
    for origin in policy.origins where !isOrigin(origin) {
      reader.fault(
        declared.origins,
        "holds '\(origin.prefix(80))', which no browser sends as an origin; it takes *, or scheme, host and port without a path, such as https://app.example.com"
      )
    }
    policy.methods = reader.value(of: declared.methods).map { $0.uppercased() }
    policy.headers = reader.value(of: declared.headers)
    policy.allowsCredentials = reader.value(of: declared.allowsCredentials)
    policy.isStrict = reader.value(of: declared.isStrict)
    return policy
  }

  private static func contentSecurityPolicy(_ reader: inout EnvironmentReader) -> String? {
    let policy = reader.value(of: settings.http.contentSecurityPolicy)
    if let policy, policy.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value > 0x7E }) {
      reader.fault(
        settings.http.contentSecurityPolicy, "holds characters that no header can; write it in one line of ASCII")
    }
    return policy
  }

  private static func tokens(_ reader: inout EnvironmentReader) -> PlatformConfiguration.TokenLifetimes {
    let declared = settings.tokens
    var tokens = PlatformConfiguration.TokenLifetimes()
    tokens.access = reader.value(of: declared.accessTime) * reader.value(of: declared.accessUnit)
    tokens.refresh = reader.value(of: declared.refreshTime) * reader.value(of: declared.refreshUnit)
    return tokens
  }

  /// The longest body must find room.
  private static func requestMemory(_ reader: inout EnvironmentReader, bodySize: Int) -> Int {
    let setting = settings.limits.requestMemory
    let longest = min(bodySize, 1 << 40)
    return reader.value(
      of: setting.with(
        .integer(max(1 << 20, longest)...Int.max), default: max(setting.standard, longest)))
  }

  private static func limit(
    _ reader: inout EnvironmentReader, _ count: Setting<Int>, _ window: Setting<Int>
  ) -> PlatformConfiguration.Limit {
    PlatformConfiguration.Limit(count: reader.value(of: count), window: reader.value(of: window))
  }
}
