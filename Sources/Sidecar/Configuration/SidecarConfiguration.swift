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
    let url = serviceURL(&reader, isAsked: logsIn)
    let account = account(&reader, isNeeded: logsIn)
    let dumps = DumpSettings(&reader, isProduction: isProduction)
    let deadline = reader.integer("DRAIN_DEADLINE", default: 55, in: 1...3600)
    let retention = RetentionPolicy.load(&reader)
    // 0 keeps nothing in the trash.
    let trash = TrashPolicy(keepFor: time("TRASH_KEEP", &reader, standard: "1d") ?? 86_400)
    let port = optionalInteger("SIDECAR_METRICS_PORT", &reader, in: 0...65_535)
    let period = optionalTime("SIDECAR_STATUS_EVERY", &reader)
    let age = optionalTime("SIDECAR_MAX_AGE", &reader)
    let ecs = ECS(
      metadata: reader.address(
        "ECS_CONTAINER_METADATA_URI_V4", tail: .path, example: "http://169.254.170.2/v4/0123abcd; ECS sets it")?.text,
      agent: reader.address(
        "ECS_AGENT_URI", tail: .path, example: "http://169.254.170.2/api/0123abcd; ECS sets it")?.text,
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

  /// - Parameter isAsked: whether the command asks the service for anything.
  private static func serviceURL(_ reader: inout EnvironmentReader, isAsked: Bool) -> String {
    let port = reader.integer("PORT", default: 5001, in: 0...65_535)
    let standard = "http://127.0.0.1:\(port)"
    let isSet = reader.isSet("SIDECAR_URL")
    let address = reader.address("SIDECAR_URL", absent: standard, tail: .nothing, example: "http://127.0.0.1:5001")
    if isAsked, !isSet, port == 0 {
      reader.fault("SIDECAR_URL", "is not set, and PORT=0 does not tell where the service listens; set SIDECAR_URL")
    }
    // Where it is set and can't be used, there is a fault, and no configuration.
    return address?.text ?? standard
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

  private static func time(_ name: String, _ reader: inout EnvironmentReader, standard: String) -> Int? {
    reader.parsed(name, absent: standard, takes: "a time such as 90s, 36h or 14d") { Quantities.seconds($0) }
  }

  /// A time for which 0 is off.
  private static func optionalTime(_ name: String, _ reader: inout EnvironmentReader) -> Int? {
    time(name, &reader, standard: "off").flatMap { $0 > 0 ? $0 : nil }
  }

  private static func optionalInteger(
    _ name: String, _ reader: inout EnvironmentReader, in range: ClosedRange<Int>
  ) -> Int? {
    reader.parsed(
      name, absent: "off", takes: "a whole number from \(range.lowerBound) to \(range.upperBound)"
    ) { text in Int(text).flatMap { range.contains($0) ? $0 : nil } }
  }
}
