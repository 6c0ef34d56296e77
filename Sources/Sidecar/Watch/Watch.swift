import Clocks
import DumpDirectory
import DumpFormat
import DumpReports
import Glibc
import HTTPClient
import Logging
import Retention
import Settings
import Threads

/// Watches gateway, volume and task until it is told to stop, and then drains. `Schedule` says what is due.
final class Watch {
  private let configuration: SidecarConfiguration
  private let volume: DumpVolume
  private let worker = Worker()
  private let signals: DrainSignals
  private let terminate: @Sendable (SidecarExit) -> Never
  private let tasks: TaskWatch
  private let gate: CopyGate?
  private let offsite: OffsiteWatch?
  private let journalCopies: JournalCopyWatch?
  private let metrics = SidecarMetrics()
  private let logger: Logger
  private let round: VolumeRound

  private var schedule: Schedule
  private var clockWatch = ClockWatch()
  private let roles: RoleWatch
  private var ticket: Ticket<CatalogueRead>?
  /// The dumps of the last round, and the role in which it was made.
  private var last: (fingerprint: DumpFingerprint?, role: VolumeRole) = (nil, .standby(""))
  /// The size of the newest dump.
  private var newestBytes = 0

  /// The catalogue that was read, or the failure.
  private enum CatalogueRead: Sendable {
    case unchanged
    case done(VolumeRound.Result, fingerprint: DumpFingerprint?, role: VolumeRole)
  }

  /// - Parameter terminate: ends the process when a second signal comes.
  init(
    _ configuration: SidecarConfiguration, volume: DumpVolume, signals: DrainSignals, logger: Logger,
    terminate: @escaping @Sendable (SidecarExit) -> Never
  ) {
    self.configuration = configuration
    self.volume = volume
    self.signals = signals
    self.terminate = terminate
    self.logger = logger
    tasks = TaskWatch(configuration.ecs, logger: logger, metrics: metrics)
    let roles = RoleWatch(volume: volume, metrics: metrics, logger: logger)
    self.roles = roles
    if let place = configuration.offsite {
      let (gate, retention) = (CopyGate(place, metrics: metrics, logger: logger), configuration.retention)
      offsite = OffsiteWatch(place, retention: retention, roles: roles, gate: gate, logger: logger)
      journalCopies = JournalCopyWatch(place, retention: retention, roles: roles, gate: gate, logger: logger)
      self.gate = gate
    } else {
      (gate, offsite, journalCopies) = (nil, nil, nil)
    }
    var pruner = Pruner(volume: volume, policy: configuration.retention, trash: configuration.trash, logger: logger)
    pruner.obstacle = { roles.pruningObstacle() }
    round = VolumeRound(volume: volume, pruner: pruner, metrics: metrics, logger: logger)
    schedule = Schedule(
      at: SteadyClock.now(), servesMetrics: configuration.metricsPort != nil,
      statusPeriod: configuration.statusPeriod.map { .seconds($0) })
  }

  /// - Returns: how the drain at the end went.
  func run(_ account: SidecarConfiguration.Account, _ settings: HTTPClient.Settings) throws -> SidecarExit {
    let http = try HTTPClient(settings)
    let client = GatewayClient(
      http, url: configuration.url, account: account, verifiesCertificate: configuration.verifiesGateway)
    client.interruption = signals.descriptor
    var service = GatewayWatch(client, logger: logger)
    tasks.start { try HTTPClient(settings) }
    offsite?.start({ try HTTPClient(settings) }, volume: volume, metrics: metrics)
    journalCopies?.start({ try HTTPClient(settings) }, volume: volume, metrics: metrics)
    watchKeys()
    logger.notice(
      "watching",
      metadata: [
        "service.url": "\(configuration.url)", "setting.mem_dump_path": "\(volume.dumpPath)",
        "key.id": "\(volume.keyring.name)",
      ])
    while !isStopping {
      metrics.noteTurn()
      let clock = clockWatch.read(wall: WallClock.system.now().seconds, steady: SteadyClock.now())
      collectCatalogue(wasReady: service.sighting.wasReady)
      switch schedule.next(at: SteadyClock.now()) {
      case .trimMemory: ResidentMemory.trim()
      case .serveMetrics: serveMetrics()
      case .checkGateway: check(&service)
      case .logIn: logIn(service)
      case .readCatalogue(let isClose, let prunes): readCatalogue(isClose: isClose, prunes: prunes, clock)
      case .logStatus:
        logger.info("status", metadata: metrics.snapshot.status(now: WallClock.system.now().seconds))
      case .wait(let until): signals.first.wait(until: Deadline(in: until - SteadyClock.now()))
      }
    }
    return drain(client, settings, service.sighting)
  }

  private func watchKeys() {
    guard volume.keys.canChange else { return }
    let watch = KeyWatch(volume, logger: logger)
    signals.onReload { watch.ask() }
    watch.start()
  }

  private var isStopping: Bool { signals.received != nil || tasks.stopping.wait(until: Deadline(in: .zero)) }

  private func drain(
    _ client: GatewayClient, _ settings: HTTPClient.Settings, _ sighting: GatewaySighting
  ) -> SidecarExit {
    // From here on only the deadline ends a request.
    client.interruption = nil
    tasks.protect(true)
    // The drain is bounded by its own deadline, and no reason for a health check to fail meanwhile.
    metrics.noteTurn(lasting: configuration.drainDeadline)
    let cause = signals.received.map { "\($0)" } ?? "ECS stops the task"
    let drain = Drain(
      configuration, volume: volume, worker: worker,
      copy: DrainCopy(configuration, settings, volume: volume, gate: gate, logger: logger), logger: logger,
      cause: cause, sighting: sighting, ownHolder: roles.own)
    let terminate = terminate
    signals.onInterruption { signal in terminate(drain.interrupt("\(signal)")) }
    let exit = drain.run(client)
    tasks.protect(false)
    return exit
  }

  private func check(_ service: inout GatewayWatch) {
    let began = SteadyClock.now()
    guard let found = service.check() else { return }
    roles.note(found, since: began)
    schedule.gatewayChecked(
      isReady: service.isReady, needsLogin: service.needsLogin, isSettling: roles.isSettling, since: began,
      at: SteadyClock.now())
    let (isReady, isWriter, lag) = (service.isReady, found == .writer, service.standbyLag)
    metrics.change {
      $0.standbyLag = lag
      $0.isServiceReady = isReady
      $0.isServiceWriter = isWriter
    }
  }

  private func logIn(_ service: GatewayWatch) {
    switch service.logIn() {
    case .succeeded: schedule.loggedIn(at: SteadyClock.now())
    case .failed(let retryAfter):
      var generator = SystemRandomNumberGenerator()
      schedule.loginFailed(retryAfter: retryAfter, at: SteadyClock.now(), using: &generator)
    case .interrupted: break
    }
  }

  /// Starts a round over the volume if something has changed. Never waits for the volume.
  private func readCatalogue(isClose: Bool, prunes: Bool, _ clock: ClockReading) {
    let (round, signals, tasks, volume, roles) = (round, signals, tasks, volume, roles)
    let (last, room) = (last, 2 * newestBytes)
    ticket = worker.start {
      let role = roles.look()
      // Work that was left in another role is due now.
      let isMore = role.does(moreThan: last.role)
      let prunes = prunes || isMore
      // Most reads find nothing new, and cost a list of names.
      var print = try volume.directory.fingerprint(isClose: isClose)
      // When the next dumps may not fit, none comes, and so nothing would begin a round.
      let isFull = try isClose && volume.directory.freeBytes() < room
      if let before = last.fingerprint, print.isSame(as: before), !prunes, !isFull { return .unchanged }
      if !print.isClose { print = try volume.directory.fingerprint(isClose: true) }
      tasks.protect(true)
      defer { tasks.protect(false) }
      let result = try round.run(clock: clock, prunes: prunes || isFull, role: role) { signals.received != nil }
      let isWhole =
        !role.verifies
        || result.dumps.allSatisfy { $0.verification != nil } && !result.journals.contains(where: \.isVerificationDue)
      // The fingerprint is from before the round, so that the next read sees what came during it. A dump or a journal
      // that could not be read is read again, although nothing changed.
      return .done(
        result, fingerprint: isWhole ? print : nil, role: result.prunes?.stopped == nil ? role : roles.look())
    }
  }

  /// Takes in what the read that is under way has brought, if it has ended.
  private func collectCatalogue(wasReady: Bool) {
    let busy = worker.busyFor ?? .zero
    metrics.change { $0.volumeBusy = Int(busy.components.seconds) }
    guard let ticket else { return }
    guard let outcome = ticket.outcome else { return reportHang(busy) }
    self.ticket = nil
    var due: Duration?
    if case .done(.done(let result, _, _)) = outcome { due = result.prunes?.secondsToUnlink.map { .seconds($0) } }
    schedule.catalogueRead(take(outcome, wasReady: wasReady), at: SteadyClock.now(), pruneIn: due)
  }

  private func take(_ outcome: Worker.Outcome<CatalogueRead>, wasReady: Bool) -> Schedule.CatalogueResult {
    switch outcome {
    case .done(.unchanged), .late: return .unchanged
    case .done(.done(let result, let fingerprint, let role)):
      last = (fingerprint, role)
      newestBytes = result.dumps.first?.entry.bytes ?? 0
      if role.copies { offsite?.offer(result.dumps) }
      return .changed
    case .failed(let error):
      // The gateway makes the directory at its first start.
      if (error as? DumpDirectoryError)?.code == .notFound, !wasReady { return .unchanged }
      metrics.countFailure(.volume)
      logger.error("the volume can't be read", metadata: ["error": "\(error)"])
      return .failed
    }
  }

  private func reportHang(_ busy: Duration) {
    guard schedule.reportsHang(busy: busy) else { return }
    metrics.countFailure(.volumeHangs)
    logger.error(
      "the volume does not answer; look at its mount",
      metadata: [
        "setting.mem_dump_path": "\(volume.dumpPath)",
        "duration.ms": .stringConvertible(busy.milliseconds),
      ])
  }

  /// Serves metrics if the port is free. While another program has it, health checks of this sidecar fail.
  private func serveMetrics() {
    guard let port = configuration.metricsPort else { return }
    let (metrics, logger) = (metrics, logger)
    let source = MetricsServer.Source(
      text: { metrics.snapshot.text(now: WallClock.system.now().seconds) }, isWatching: { metrics.isFresh },
      onFailure: { reason in
        metrics.countFailure(.metricsPort)
        logger.error(
          "no connection can be taken on the metrics port; it is tried again", metadata: ["error": "\(reason)"])
      })
    do throws(MetricsServer.CannotListen) {
      let limit = ProcessEnvironment.descriptorLimit
      let taken = try MetricsServer.start(port: port, descriptors: limit, source)
      schedule.metricsServed()
      logger.notice("metrics", metadata: ["metrics.port": .stringConvertible(taken)])
    } catch {
      metrics.countFailure(.metricsPort)
      logger.error("metrics can't be served; it is tried again", metadata: ["error": "\(error)"])
    }
  }
}
