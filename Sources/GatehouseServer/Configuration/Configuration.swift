package import Authentication
package import HTTPAPI
package import Logs
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
  package let memory: Memory
  package let administrator: Administrator
  /// `nil` when there is no sidecar.
  package let sidecar: SidecarLogin?
  package let tokenKeys: [TokenKey]
  package let log: LogSettings
  /// Doorman's file of security settings, for a store without saved settings; `nil` when there is none.
  package let sideFile: SideFile?
  /// The path of `SECURITY_SETTINGS_FILE` when no file is there; `nil` also when the variable has its default.
  package let missingSideFile: String?
  package let platform: Platform
  package let connections: Connections
  /// Every variable as it is in effect, for `gatehouse config check`.
  package let listing: EffectiveSettings

  /// Dumps, and when to write them.
  package struct Memory: Sendable {
    package let dumps: DumpSettings
    package let autoSaveEnabled: Bool
    /// Seconds.
    package let autoSaveFrequency: Int
    /// Seconds; `nil` when a dump may be of any age while nothing changes.
    package let autoSaveMaximumAge: Int?
    package let allowsEmptyStart: Bool
    /// Whether a start takes an older dump when one that may be the newest can't be read or decrypted.
    package let allowsOlderStart: Bool
    /// The variables of automatic dumps that the environment sets; the others have their defaults.
    package let autoSaveVariables: Set<String>
  }

  /// The limits of client connections.
  package struct Connections: Sendable {
    package let maximum: Int
    /// The limit for one address; `nil` for none.
    package let perAddress: Int?
  }

  /// The first user.
  package struct Administrator: Sendable {
    package let email: String
    package let password: Secret
  }

  /// The account that the gateway creates for its sidecar.
  package struct SidecarLogin: Sendable {
    package let username: String
    package let password: Secret
  }

  /// The part of the platform's configuration that the environment gives. The rest is known only at the start.
  package struct Platform: Sendable {
    package let httpsOnly: Bool
    package let strictEnvelope: Bool
    package let maximumPageSize: Int
    package let maximumBodySize: Int?
    package let maximumRequestMemory: Int
    package let bodyLimitExcludedPaths: [String]
    package let cookies: PlatformConfiguration.Cookies
    package let tokens: PlatformConfiguration.TokenLifetimes
    package let loginLimit: PlatformConfiguration.Limit?
    package let registrationLimit: PlatformConfiguration.Limit?
    /// `nil` where the variable is not set: the saved settings decide then.
    package let localhostBypass: Bool?
    /// What the first saved settings get where the variable is not set.
    package static let standardLocalhostBypass = true
    package let crossOrigin: CrossOriginPolicy.Configuration
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
    let memory = memory(&reader, isProduction: isProduction)
    let administrator = administrator(&reader, isProduction: isProduction)
    let sidecar = sidecar(&reader, isProduction: isProduction)
    let tokenKeys = tokenKeys(&reader, isProduction: isProduction, readFile: readFile)
    let platform = platform(&reader, isProduction: isProduction)
    let connections = connections(&reader, descriptors: descriptors)
    let log = LogSettings(&reader)
    let (sideFile, missingSideFile) = sideFile(&reader, dumps: memory?.dumps.path, read: SideFileReader.read)
    checkAccounts(&reader, administrator, sidecar)
    guard reader.faults.isEmpty, let memory, let administrator, let tokenKeys else {
      throw ConfigurationFaults(faults: reader.faults)
    }
    return Configuration(
      isProduction: isProduction, host: host, port: port, memory: memory, administrator: administrator,
      sidecar: sidecar, tokenKeys: tokenKeys, log: log, sideFile: sideFile, missingSideFile: missingSideFile,
      platform: platform, connections: connections, listing: reader.listing)
  }
}
