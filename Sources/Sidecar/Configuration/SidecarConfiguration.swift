import Logs
import Retention
import Settings

/// What flags and environment say, read once and checked as a whole. Below this nothing reads the environment.
struct SidecarConfiguration: Sendable {
  /// The service's account for the sidecar.
  struct Account: Sendable {
    let username: String
    let password: Secret
  }

  struct ECS: Sendable {
    /// `$ECS_CONTAINER_METADATA_URI_V4`; `nil` outside ECS.
    let metadata: String?
    /// `$ECS_AGENT_URI`; `nil` where tasks can't be protected.
    let agent: String?
    let protectsTask: Bool
  }

  /// Where the service answers, without a `/` at the end.
  let url: String
  /// `nil` only for commands that don't log in.
  let account: Account?
  let certificates: String?
  let dumps: DumpSettings
  let drainDeadline: Duration
  let retention: RetentionPolicy
  let trash: TrashPolicy
  let metricsPort: Int?
  /// Seconds between two lines of figures in the log.
  let statusPeriod: Int?
  /// Seconds.
  let maximumAge: Int?
  let ecs: ECS
  let offsite: OffsiteConfiguration?
  let log: LogSettings
}

extension SidecarConfiguration {
  /// - Parameters:
  ///   - environment: with what flags set on top.
  ///   - logsIn: whether the command needs the account.
  /// - Throws: `ConfigurationFaults` with every fault.
  static func load(
    _ environment: [String: String], logsIn: Bool, readFile: @escaping (String) throws -> String
  ) throws(ConfigurationFaults) -> SidecarConfiguration {
    var reader = EnvironmentReader(environment, readFile: readFile)
    let mode = reader.choice(
      "ENV", default: "development",
      of: ["development": false, "production": true, "staging": false, "test": false])
    let isProduction = mode ?? false
    let url = serviceURL(&reader)
    let account = account(&reader, isNeeded: logsIn)
    let dumps = DumpSettings(&reader, isProduction: isProduction)
    let deadline = reader.integer("DRAIN_DEADLINE", default: 55, in: 1...3600)
    let retention = retention(&reader)
    let trash = TrashPolicy(keepFor: time("TRASH_KEEP", &reader, standard: "1d") ?? 86_400)
    let port = optionalInteger("SIDECAR_METRICS_PORT", &reader, in: 0...65_535)
    let period = time("SIDECAR_STATUS_EVERY", &reader, standard: "off")
    let age = time("SIDECAR_MAX_AGE", &reader, standard: "off")
    let ecs = ECS(
      metadata: reader.optionalText("ECS_CONTAINER_METADATA_URI_V4"), agent: reader.optionalText("ECS_AGENT_URI"),
      protectsTask: reader.boolean("SIDECAR_TASK_PROTECTION", default: false))
    let certificates = reader.optionalText("SIDECAR_CACERT", absent: "the system's")
    let offsite = OffsiteConfiguration.load(&reader)
    let log = LogSettings(&reader)
    guard reader.faults.isEmpty, let dumps else { throw ConfigurationFaults(faults: reader.faults) }
    return SidecarConfiguration(
      url: url, account: account, certificates: certificates, dumps: dumps, drainDeadline: .seconds(deadline),
      retention: retention, trash: trash, metricsPort: port, statusPeriod: period, maximumAge: age, ecs: ecs,
      offsite: offsite, log: log)
  }

  private static func serviceURL(_ reader: inout EnvironmentReader) -> String {
    let port = reader.integer("PORT", default: 5001, in: 0...65_535)
    var url = reader.text("SIDECAR_URL", default: "http://127.0.0.1:\(port)")
    while url.hasSuffix("/") { url.removeLast() }
    if !url.hasPrefix("http://") && !url.hasPrefix("https://") {
      reader.fault("SIDECAR_URL", "is '\(url.prefix(80))'; it takes an address such as http://127.0.0.1:5001")
    }
    return url
  }

  private static func account(_ reader: inout EnvironmentReader, isNeeded: Bool) -> Account? {
    let username = reader.optionalText("SIDECAR_USERNAME")
    let password = reader.secret("SIDECAR_PASSWORD")
    if isNeeded, username == nil {
      reader.fault(
        "SIDECAR_USERNAME",
        "is not set; set the same name and SIDECAR_PASSWORD for the service, which makes the account")
    }
    if isNeeded, password == nil, !reader.isSet("SIDECAR_PASSWORD") {
      reader.fault("SIDECAR_PASSWORD", "is not set; the sidecar logs in with it to ask for dumps")
    }
    guard let username, let password else { return nil }
    return Account(username: username, password: password)
  }

  /// The operator's rules; the standard ones only where no rule at all is set.
  private static func retention(_ reader: inout EnvironmentReader) -> RetentionPolicy {
    let names = ["KEEP_LAST", "KEEP_HOURLY", "KEEP_DAILY", "KEEP_WEEKLY", "KEEP_MONTHLY", "KEEP_YEARLY", "KEEP_WITHIN"]
    let caps = ["KEEP_MAX_BYTES", "KEEP_MAX_COUNT"]
    let isAnySet = (names + caps).contains { reader.isSet($0) }
    let standard = isAnySet ? RetentionPolicy() : .standard
    var policy = standard
    policy.last = reader.integer("KEEP_LAST", default: standard.last, in: 0...1_000_000)
    policy.hourly = reader.integer("KEEP_HOURLY", default: standard.hourly, in: 0...1_000_000)
    policy.daily = reader.integer("KEEP_DAILY", default: standard.daily, in: 0...1_000_000)
    policy.weekly = reader.integer("KEEP_WEEKLY", default: standard.weekly, in: 0...1_000_000)
    policy.monthly = reader.integer("KEEP_MONTHLY", default: standard.monthly, in: 0...1_000_000)
    policy.yearly = reader.integer("KEEP_YEARLY", default: standard.yearly, in: 0...1_000_000)
    policy.within = time("KEEP_WITHIN", &reader, standard: "off")
    policy.maximumBytes = reader.parsed("KEEP_MAX_BYTES", absent: "off", takes: "a size such as 20GB or 512MiB") {
      Quantities.bytes($0)
    }
    policy.maximumCount = optionalInteger("KEEP_MAX_COUNT", &reader, in: 1...1_000_000)
    return policy
  }

  private static func time(_ name: String, _ reader: inout EnvironmentReader, standard: String) -> Int? {
    reader.parsed(name, absent: standard, takes: "a time such as 90s, 36h or 14d") { Quantities.seconds($0) }
  }

  private static func optionalInteger(
    _ name: String, _ reader: inout EnvironmentReader, in range: ClosedRange<Int>
  ) -> Int? {
    reader.parsed(
      name, absent: "off", takes: "a whole number from \(range.lowerBound) to \(range.upperBound)"
    ) { text in Int(text).flatMap { range.contains($0) ? $0 : nil } }
  }
}
