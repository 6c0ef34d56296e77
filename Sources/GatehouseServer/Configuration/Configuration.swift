package import Authentication
package import DumpFormat
package import Gateway
package import HTTPAPI
package import Logs
package import Persistence
package import Platform
package import Settings

/// The settings of the environment, read once and checked as a whole. Nothing below reads the environment.
package struct Configuration: Sendable {
  /// Whether `ENV=production`.
  package let isProduction: Bool
  /// The address to listen on.
  package let host: String
  /// The port to listen on; 0 lets the system choose one.
  package let port: Int
  /// The time after the signal to stop in which requests are still taken; `nil` for none.
  package let drainGrace: Duration?
  /// The settings of two tasks on one volume.
  package let standby: Standby
  /// The settings of dumps and of the start.
  package let memory: Memory
  /// The admin's account.
  package let administrator: Administrator
  /// `nil` when there is no sidecar.
  package let sidecar: SidecarLogin?
  /// The keys of tokens. The first active one signs, and all verify.
  package let tokenKeys: [TokenKey]
  /// The settings of logs.
  package let log: LogSettings
  /// Doorman's file of security settings, for a store without saved settings; `nil` when there is none.
  package let sideFile: SideFile?
  /// The path of `SECURITY_SETTINGS_FILE` when no file is there; `nil` also when the variable has its default.
  package let missingSideFile: String?
  /// The settings of the platform API.
  package let platform: Platform
  /// The certificate of the port; `nil` when it speaks plain HTTP.
  package let certificate: PortCertificate?
  /// The settings of the data plane.
  package let gateway: GatewayConfiguration
  /// The limits of connections.
  package let connections: Connections
  /// Every variable as it is in effect, for `gatehouse config check`.
  package let listing: EffectiveSettings

  /// Dumps, and when to write them.
  package struct Memory: Sendable {
    /// The dump directory, the stem and the keys.
    package let dumps: DumpSettings
    /// The format of new dumps.
    package let dumpFormat: DumpFormatName
    /// When a change is acknowledged, or `nil` when no journal is written.
    package let journal: Journal.Mode?
    /// Whether automatic dumps are on in a store without saved settings.
    package let autoSaveEnabled: Bool
    /// Seconds.
    package let autoSaveFrequency: Int
    /// Seconds; `nil` when a dump may be of any age while nothing changes.
    package let autoSaveMaximumAge: Int?
    /// Whether a start may go on without any of the dumps when none loads.
    package let allowsEmptyStart: Bool
    /// Whether a start takes an older dump when one that may be the newest can't be read or decrypted.
    package let allowsOlderStart: Bool
    /// The variables of automatic dumps that the environment sets; the others have their defaults.
    package let autoSaveVariables: Set<String>
  }

  /// The limits of client connections.
  package struct Connections: Sendable {
    /// The largest number of connections.
    package let maximum: Int
    /// The limit for one address; `nil` for none.
    package let perAddress: Int?
  }

  /// The first user.
  package struct Administrator: Sendable {
    /// The e-mail address.
    package let email: String
    /// The password.
    package let password: Secret
  }

  /// The account that the gateway creates for its sidecar.
  package struct SidecarLogin: Sendable {
    /// The name of the user.
    package let username: String
    /// The password.
    package let password: Secret
  }

  /// The part of the platform's configuration that the environment gives. The rest is known only at the start.
  package struct Platform: Sendable {
    /// Secure cookies, CSRF checks and HSTS.
    package let httpsOnly: Bool
    /// HTTP 200 with the status in the body.
    package let strictEnvelope: Bool
    /// The largest page of a list.
    package let maximumPageSize: Int
    /// The largest body in bytes, or `nil` for no limit.
    package let maximumBodySize: Int?
    /// Bytes that all requests may hold together.
    package let maximumRequestMemory: Int
    /// Paths whose bodies are not limited.
    package let bodyLimitExcludedPaths: PathSet
    /// The attributes of cookies.
    package let cookies: PlatformConfiguration.Cookies
    /// The lifetimes of tokens.
    package let tokens: PlatformConfiguration.TokenLifetimes
    /// The limit of logins, or `nil` for none.
    package let loginLimit: PlatformConfiguration.Limit?
    /// The limit of registrations, or `nil` for none.
    package let registrationLimit: PlatformConfiguration.Limit?
    /// `nil` where the variable is not set: the saved settings decide then.
    package let localhostBypass: Bool?
    /// The value in the first saved settings when the variable is not set.
    package static let standardLocalhostBypass = true
    /// The policy for scripts of other origins.
    package let crossOrigin: CrossOriginPolicy.Configuration
    /// The clients that may read the metrics.
    package let metrics: MetricsAccess
    /// The value of `Content-Security-Policy`, or `nil` for the default.
    package let contentSecurityPolicy: String?
  }
}

extension Configuration {
  /// Reads and checks the environment.
  ///
  /// - Parameters:
  ///   - descriptors: how many the process may have open; connections take most of them.
  ///   - readFile: reads a secret's file by its path.
  /// - Throws: `ConfigurationFaults` with every fault.
  package static func load(
    _ environment: [String: String], descriptors: Int = ProcessEnvironment.descriptorLimit,
    readFile: @escaping (String) throws -> String
  ) throws(ConfigurationFaults) -> Configuration {
    var reader = EnvironmentReader(environment, readFile: readFile)
    let isProduction = reader.value(of: settings.process.mode)
    let host = reader.value(of: settings.process.host)
    let port = reader.value(of: settings.process.port)
    checkMode(&reader)
    let drainGrace = reader.value(of: settings.process.drainGrace).map { Duration.seconds($0) }
    let standby = standby(&reader)
    let memory = memory(&reader, isProduction: isProduction)
    let administrator = administrator(&reader, isProduction: isProduction)
    let sidecar = sidecar(&reader, isProduction: isProduction)
    let tokenKeys = tokenKeys(&reader, isProduction: isProduction, readFile: readFile)
    let platform = platform(&reader, isProduction: isProduction)
    let certificate = certificate(&reader)
    let gateway = gateway(&reader, platform, isSecure: certificate != nil)
    let connections = connections(&reader, descriptors: descriptors)
    let log = LogSettings(&reader)
    let (sideFile, missingSideFile) = sideFile(&reader, dumps: memory?.dumps.path, read: SideFileReader.read)
    checkAccounts(&reader, administrator, sidecar)
    guard reader.faults.isEmpty, let memory, let administrator, let tokenKeys else {
      throw ConfigurationFaults(faults: reader.faults)
    }
    return Configuration(
      isProduction: isProduction, host: host, port: port, drainGrace: drainGrace, standby: standby, memory: memory,
      administrator: administrator, sidecar: sidecar, tokenKeys: tokenKeys, log: log, sideFile: sideFile,
      missingSideFile: missingSideFile, platform: platform, certificate: certificate, gateway: gateway,
      connections: connections, listing: reader.listing)
  }
}
