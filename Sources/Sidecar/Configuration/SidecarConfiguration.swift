import Logs
import Retention
import Settings

/// The settings that options and environment give, read once and checked as a whole. Nothing below reads the
/// environment.
package struct SidecarConfiguration: Sendable {
  /// The account that the gateway has created for the sidecar.
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

  /// Where the gateway answers, without a `/` at the end.
  let url: String
  /// `nil` only for commands that don't log in.
  let account: Account?
  let certificates: String?
  /// Whether the gateway's certificate must be valid. On loopback only if certificates to trust are set: a public
  /// certificate never names loopback, and no other host can answer there.
  let verifiesGateway: Bool
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
  ///   - environment: with the options' values on top.
  ///   - logsIn: whether the command needs the account.
  /// - Throws: `ConfigurationFaults` with every fault.
  static func load(
    _ environment: [String: String], logsIn: Bool, readFile: @escaping (String) throws -> String
  ) throws(ConfigurationFaults) -> SidecarConfiguration {
    var reader = EnvironmentReader(environment, readFile: readFile)
    let declared = settings
    let isProduction = reader.value(of: declared.gateway.mode)
    let address = gatewayURL(&reader, isAsked: logsIn)
    let account = account(&reader, isNeeded: logsIn)
    let dumps = DumpSettings(&reader, isProduction: isProduction)
    let deadline = reader.value(of: declared.operation.drainDeadline)
    let retention = RetentionPolicy.load(&reader)
    // 0 keeps nothing in the trash.
    let trash = TrashPolicy(keepFor: reader.value(of: declared.retention.trash))
    let port = reader.value(of: declared.operation.metricsPort)
    let period = positive(reader.value(of: declared.operation.statusPeriod))
    let age = positive(reader.value(of: declared.operation.maximumAge))
    let ecs = ECS(
      metadata: reader.value(of: declared.operation.metadata)?.text,
      agent: reader.value(of: declared.operation.agent)?.text,
      protectsTask: reader.value(of: declared.operation.taskProtection))
    let certificates = reader.value(of: declared.gateway.certificates)
    let offsite = OffsiteConfiguration.load(&reader)
    let log = LogSettings(&reader)
    guard reader.faults.isEmpty, let dumps else { throw ConfigurationFaults(faults: reader.faults) }
    return SidecarConfiguration(
      url: address.text, account: account, certificates: certificates,
      verifiesGateway: certificates != nil || !address.isLoopback, dumps: dumps, drainDeadline: .seconds(deadline),
      retention: retention, trash: trash, metricsPort: port, statusPeriod: period, maximumAge: age, ecs: ecs,
      offsite: offsite, log: log)
  }

  /// - Parameter isAsked: whether the command sends requests to the gateway.
  private static func gatewayURL(_ reader: inout EnvironmentReader, isAsked: Bool) -> (text: String, isLoopback: Bool) {
    let declared = settings.gateway
    let port = reader.value(of: declared.port)
    let isSet = reader.isSet(declared.url)
    let address = reader.value(of: declared.url)
    if isAsked, !isSet, port == 0 {
      reader.fault(declared.url, "is not set, and PORT=0 does not tell where the gateway listens; set SIDECAR_URL")
    }
    // An address that is set and can't be used is a fault, and then there is no configuration.
    return address.map { ($0.text, $0.isLoopback) } ?? ("http://127.0.0.1:\(port)", true)
  }

  private static func account(_ reader: inout EnvironmentReader, isNeeded: Bool) -> Account? {
    let declared = settings.gateway
    let username = reader.value(of: declared.username)
    let password = reader.secret(declared.password)
    if isNeeded, username == nil {
      reader.fault(
        declared.username,
        "is not set; set the same name and SIDECAR_PASSWORD for the gateway, which makes the account")
    }
    if isNeeded, password == nil, !reader.isSet(declared.password) {
      reader.fault(declared.password, "is not set; the sidecar logs in with it to ask for dumps")
    }
    guard let username, let password else { return nil }
    return Account(username: username, password: password)
  }

  /// A time for which 0 is off.
  private static func positive(_ seconds: Int?) -> Int? { seconds.flatMap { $0 > 0 ? $0 : nil } }
}
