import Authentication
import Clocks
import DocumentStore
import DumpDirectory
import DumpFormat
import Gateway
import Glibc
import JSON
import Listener
import Logging
import Logs
import Model
import NIOCore
import Persistence
import Platform
import Rules
import Settings
import Threads

/// The gateway with all its parts.
struct Gatehouse: Sendable {
  let configuration: Configuration
  let logger: Logger
  let state: ServiceState
  let store: DocumentStore
  let location: DumpLocation
  /// Whether the dump directory did not exist and could not be created because the volume is full.
  let isUnmade: Bool
  /// The keys of dumps and journals.
  let keys: CurrentKeyring
  let lease: WriterLease
  /// `nil` when no journal is written.
  let journal: Journal?
  /// `nil` when no journal is written.
  let follower: Follower?
  /// The link to the other tasks of the volume; `nil` when no journal is written.
  let peers: TaskLink?
  /// The address at which other tasks reach this one.
  let address: TaskAddress
  let dumper: Dumper
  let restorer: Restorer
  let dumps: DumpRequestHandler
  let installer: StateInstaller
  let platform: PlatformServices
  let deposed: DeposedChanges
  let connections: ConnectionLimiter
  let gateway: Gateway
  let limitKeeper: LimitKeeper

  /// Prepares the dump directory and creates the parts. Nothing is loaded and nothing listens yet.
  ///
  /// - Parameter workingDirectory: the directory that relative paths are resolved against.
  init(
    _ configuration: Configuration, workingDirectory: String, logger: Logger, accessLog: AccessLog
  ) async throws(StartFault) {
    self.configuration = configuration
    self.logger = logger
    let memory = configuration.memory
    if let path = configuration.missingSideFile {
      logger.notice(
        "SECURITY_SETTINGS_FILE names a file that is not there: the store's settings count, or those of the environment",
        metadata: ["path": "\(path)"])
    }
    (location, isUnmade) = try Self.prepare(memory.dumps, workingDirectory: workingDirectory, logger)
    let directory = DumpDirectory(location)
    let keys = CurrentKeyring(memory.dumps.keyring)
    self.keys = keys
    store = DocumentStore(schemas: Collections.schemas)
    state = ServiceState()
    let address = TaskAddress()
    self.address = address
    lease = Self.lease(directory, keys, logger) { address.present }
    journal = try Self.journal(memory.journal, of: store, directory, keys, lease, logger)
    follower = if journal != nil { Follower(store, in: directory, keys: keys) } else { nil }
    let limits = SharedLimits()
    limitKeeper = LimitKeeper(limits, CounterFile(directory, keys: keys), lease, logger)
    peers = Self.link(configuration.standby, keys, store, lease, journal, follower, limits, logger)
    let job = DumpJob(
      directory: directory, keys: keys, format: memory.dumpFormat, program: "gatehouse/\(Version.number)")
    dumper = Dumper(store: store, job: job, lease: lease, journal: journal, logger: logger)
    let (dumper, location) = (dumper, location)
    let dumpOfRestored = { @Sendable () async throws in
      _ = try await dumper.dump(to: location, reason: "restore")
    }
    journal?.setDump(dumpOfRestored)
    restorer = Restorer(Ladder(directory: directory, keyring: keys.present, schemas: Collections.schemas))

    let passwords = Passwords(
      threads: max(1, System.coreCount - 1),
      own: [configuration.administrator.password, configuration.sidecar?.password].compactMap { $0?.reveal() })
    let defaults = SecuritySettings.Defaults(
      enableAutoSave: memory.autoSaveEnabled, autoSaveFrequencySeconds: memory.autoSaveFrequency,
      dumpPath: "\(location.directory)/\(location.stem).bin",
      allowLocalhostBypass: configuration.platform.localhostBypass ?? Configuration.Platform.standardLocalhostBypass,
      sideFile: configuration.sideFile?.settings ?? [:])
    let accounts = EnvironmentAccounts(
      store: store, required: RequiredDocuments(adminEmail: configuration.administrator.email, settings: defaults),
      passwords: passwords, administrator: configuration.administrator.password, sidecar: configuration.sidecar,
      logger: logger)
    let commitLog: any CommitLog = if let journal { journal } else { DumpOnlyLog(makeDump: dumpOfRestored) }
    installer = StateInstaller(store: store, commitLog: commitLog, accounts: accounts, dumper: dumper)
    let (state, lease, start) = (state, lease, SteadyClock.now())
    dumps = DumpRequestHandler(
      store: store, location: location, workingDirectory: workingDirectory, dumper: dumper, lease: lease, state: state,
      restorer: restorer, allowsOlder: memory.allowsOlderStart, settings: defaults, installer: installer,
      logger: logger)
    deposed = DeposedChanges(dumper: dumper, logger: logger)
    let tokens = try await Self.tokens(configuration.tokenKeys)
    let journal = journal
    let follower = follower
    let peers = peers
    let standby: @Sendable () -> Standby? = {
      guard let standby = lease.explainedStandby(handsOn: peers != nil) else {
        return journal?.obstacle.map { Standby(reason: $0, hasLease: true) }
      }
      guard let follower, !standby.hasLease else { return standby }
      let (hasHolder, now) = (lease.role.holderEpoch != nil, SteadyClock.now())
      // Balancers send no calls to a task that just started and has no share of the limits yet. It asks for one as soon
      // as its state is loaded.
      let isNew = !limits.hasShare && !limits.hadShare && state.isNew(for: Self.patienceForLimits, at: now)
      let lag = hasHolder && peers != nil && isNew ? nil : follower.lag
      return Standby(
        reason: standby.reason, following: state.followed.following(hasHolder: hasHolder, lag: lag, at: now),
        isForOthers: standby.isForOthers)
    }
    let status = GatewayStatus(availability: { state.availability }, standby: standby) {
      GatewayStatus.Activity(
        memoryPercent: ProcessMemory.percent, connections: state.connections,
        seconds: (SteadyClock.now() - start).milliseconds / 1000)
    }
    let writer = StateWriter(
      store: store, commitLog: commitLog, standby: { lease.standby }, isSealed: { state.isSealed },
      isSaved: { state.isSaved })
    // The journal follows the store, too, and was there first. So it knows each change that a client can see.
    let model = CurrentModel(following: store, defaults: defaults)
    let requestMemory = RequestMemory(limit: configuration.platform.maximumRequestMemory)
    gateway = Gateway(
      configuration.gateway, store: store, model: model, tokens: tokens, accessLog: accessLog,
      logger: logger, memory: requestMemory, limits: limits, loopCount: System.coreCount,
      isServing: { state.availability != .starting })
    platform = PlatformServices(
      configuration: configuration.platform.configuration(settings: defaults), model: model, writer: writer,
      passwords: passwords, tokens: tokens, dumps: dumps, status: status, dataPlane: gateway, logger: logger,
      accessLog: accessLog, clock: Self.unixSeconds,
      environmentAccounts: { await accounts.waitForPasswords(within: $0) }, requestMemory: requestMemory,
      peers: peers)
    let platform = platform
    connections = ConnectionLimiter(
      .init(maximum: configuration.connections.maximum, perAddress: configuration.connections.perAddress)
    ) { address in platform.settings.addresses.trustedProxies.contains { $0.contains(address) } }
  }

  /// Makes the dump directory ready. A full volume does not prevent the start: the existing dumps can still be served,
  /// whereas a process that restarts in a loop serves nobody.
  private static func prepare(
    _ settings: DumpSettings, workingDirectory: String, _ logger: Logger
  ) throws(StartFault) -> (location: DumpLocation, isUnmade: Bool) {
    do throws(DumpDirectoryError) {
      let place = try DumpLocation(settings, workingDirectory: workingDirectory)
      let preparation = try DumpDirectory(place).makeReady()
      for name in preparation.removed {
        logger.notice("left-over file of an unfinished dump removed", metadata: ["file": "\(name)"])
      }
      if let error = preparation.unswept {
        logger.warning(
          "the dump directory can't be searched for left-over files of unfinished dumps; they may take room",
          metadata: ["error": "\(error)"])
      }
      if let error = preparation.shortage {
        logger.error(
          "the volume of the dump directory is full: the gateway starts with the dumps on it, and refuses changes until there is space. Free space on it or enlarge it",
          metadata: ["dump.directory": "\(place.directory)", "error": "\(error)"])
      }
      let directory = DumpDirectory(place)
      return (place, preparation.shortage != nil && !directory.exists)
    } catch {
      throw StartFault(preparing: error)
    }
  }

  private static func tokens(_ keys: [TokenKey]) async throws(StartFault) -> Tokens {
    do {
      return try await Tokens(keys: keys)
    } catch {
      throw StartFault.tokens("\(error)")
    }
  }

  static func lease(
    _ directory: DumpDirectory, _ keys: CurrentKeyring, _ logger: Logger,
    address: @escaping @Sendable () -> LeaseAddress? = { nil }
  ) -> WriterLease {
    let volume = LeaseVolume(directory: directory.location.directory, holder: .current())
    let keeper = LeaseKeeper(volume: volume, address: address) {
      let dumps = try directory.catalogue(keys.present).compactMap(\.epoch).max() ?? 0
      return max(dumps, try directory.journals().last?.number.epoch ?? 0)
    }
    return WriterLease(volume: volume, keeper: keeper, logger: logger)
  }

  private static func journal(
    _ mode: Journal.Mode?, of store: DocumentStore, _ directory: DumpDirectory, _ keys: CurrentKeyring,
    _ lease: WriterLease, _ logger: Logger
  ) throws(StartFault) -> Journal? {
    guard let mode else { return nil }
    do throws(ThreadError) {
      return try Journal(
        of: store, in: directory, keys: keys, mode: mode, program: "gatehouse/\(Version.number)", logger: logger
      ) { lease.epoch != nil && lease.unconfirmedFor == nil }
    } catch {
      throw StartFault(error)
    }
  }

  private static func unixSeconds() -> Double {
    let now = WallClock.system.now()
    return Double(now.seconds) + Double(now.microseconds) / 1_000_000
  }
}

extension Gateway: DataPlanePort {}

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
    platform.metrics = metrics
    if let contentSecurityPolicy { platform.contentSecurityPolicy = contentSecurityPolicy }
    return platform
  }
}
