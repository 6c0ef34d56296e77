import Authentication
import Clocks
import DocumentStore
import DumpDirectory
import DumpFormat
import FoundationEssentials
import Glibc
import Hummingbird
import HummingbirdCore
import JSON
package import Logging
import NIOCore
import Persistence
import Platform
import Resources
import Settings

/// The service, put together from its parts.
package struct Gatehouse: Sendable {
  let configuration: Configuration
  let logger: Logger
  let state: ServiceState
  let store: DocumentStore
  let location: DumpLocation
  let lease: WriterLease
  let dumper: Dumper
  let restorer: Restorer
  let dumps: DumpService
  let installation: Installation
  let platform: PlatformServices
  let deposed: DeposedChanges
  let connections: ConnectionLimiter

  /// Prepares the directory of dumps and the parts. Nothing is loaded and nothing listens yet.
  ///
  /// - Parameter workingDirectory: what relative paths count from.
  /// - Throws: `DumpDirectoryError` when the directory can't be used.
  package init(_ configuration: Configuration, workingDirectory: String, logger: Logger) async throws {
    self.configuration = configuration
    self.logger = logger
    let memory = configuration.memory
    let place = try DumpLocation(memory.dumps, workingDirectory: workingDirectory)
    let removed = try DumpDirectory(place).prepare()
    for name in removed {
      logger.notice("left-over file of an unfinished dump removed", metadata: ["file": "\(name)"])
    }
    // Once more: links of a directory that was just made can be resolved now.
    location = try DumpLocation(memory.dumps, workingDirectory: workingDirectory)
    let directory = DumpDirectory(location)
    let keyring = memory.dumps.keyring
    store = DocumentStore(schemas: Collections.schemas)
    state = ServiceState()
    lease = Self.lease(directory, keyring, logger)
    dumper = Dumper(
      store: store, job: DumpJob(directory: directory, keyring: keyring, format: .dmp1), lease: lease, logger: logger)
    restorer = Restorer(Ladder(directory: directory, keyring: keyring, schemas: Collections.schemas))

    let passwords = Passwords(
      threads: max(1, System.coreCount - 1),
      own: [configuration.administrator.password, configuration.sidecar?.password].compactMap { $0?.reveal() })
    let defaults = SecuritySettings.Defaults(
      enableAutoSave: memory.autoSaveEnabled, autoSaveFrequencySeconds: memory.autoSaveFrequency,
      dumpPath: "\(location.directory)/\(location.stem).bin",
      allowLocalhostBypass: configuration.platform.localhostBypass ?? true,
      sideFile: Self.sideFile(configuration.securitySettingsFile, workingDirectory: workingDirectory))
    let accounts = OwnAccounts(
      store: store, firstStart: FirstStart(email: configuration.administrator.email, settings: defaults),
      passwords: passwords, administrator: configuration.administrator.password, sidecar: configuration.sidecar,
      logger: logger)
    installation = Installation(store: store, accounts: accounts, dumper: dumper)
    let (state, lease, start) = (state, lease, ContinuousClock.now)
    dumps = DumpService(
      store: store, location: location, workingDirectory: workingDirectory, dumper: dumper, lease: lease, state: state,
      restorer: restorer, allowsOlder: memory.allowsOlderStart, settings: defaults, installation: installation,
      logger: logger)
    deposed = DeposedChanges(dumper: dumper, logger: logger)
    let tokens = try await Tokens(keys: configuration.tokenKeys)
    platform = PlatformServices(
      configuration: configuration.platform.configuration(settings: defaults), store: store, passwords: passwords,
      tokens: tokens, dumps: dumps, logger: logger, clock: Self.unixSeconds, availability: { state.availability },
      standby: { lease.standby }, ownAccounts: { await accounts.waitUntilSettled(within: $0) },
      isSealed: { state.isSealed }, isSaved: { state.isSaved },
      activity: {
        PlatformServices.Activity(
          memoryPercent: ProcessMemory.percent, connections: state.connections,
          seconds: (ContinuousClock.now - start).milliseconds / 1000)
      })
    let platform = platform
    connections = ConnectionLimiter(
      .init(maximum: configuration.connections.maximum, perAddress: configuration.connections.perAddress)
    ) { address in platform.settings.trustedProxies.contains { $0.contains(address) } }
  }

  private static func lease(_ directory: DumpDirectory, _ keyring: DumpKeyring, _ logger: Logger) -> WriterLease {
    let volume = LeaseVolume(directory: directory.location.directory, holder: .current())
    let keeper = LeaseKeeper(volume: volume) { try directory.catalogue(keyring).compactMap(\.epoch).max() ?? 0 }
    return WriterLease(volume: volume, keeper: keeper, logger: logger)
  }

  private static func unixSeconds() -> Double {
    let now = WallClock.system.now()
    return Double(now.seconds) + Double(now.microseconds) / 1_000_000
  }

  /// The peer's side file, if there is one that can be read.
  private static func sideFile(_ path: String, workingDirectory: String) -> JSONObject {
    let absolute = path.hasPrefix("/") ? path : "\(workingDirectory)/\(path)"
    guard let data = try? Data(contentsOf: URL(filePath: absolute)) else { return [:] }
    return (try? JSONParser().parseObject(data)) ?? [:]
  }
}

extension Configuration.Platform {
  fileprivate func configuration(settings: SecuritySettings.Defaults) -> PlatformConfiguration {
    var platform = PlatformConfiguration(settings: settings, version: Version.number)
    platform.httpsOnly = httpsOnly
    platform.strictEnvelope = strictEnvelope
    platform.maximumPageSize = maximumPageSize
    platform.maximumBodySize = maximumBodySize
    platform.maximumRequestMemory = maximumRequestMemory
    platform.bodyLimitExcludedPaths = bodyLimitExcludedPaths
    platform.cookies = cookies
    platform.tokens = tokens
    platform.loginLimit = loginLimit
    platform.registrationLimit = registrationLimit
    platform.localhostBypass = localhostBypass
    platform.crossOrigin = crossOrigin
    if let contentSecurityPolicy { platform.contentSecurityPolicy = contentSecurityPolicy }
    return platform
  }
}
