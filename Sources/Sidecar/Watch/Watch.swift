import Clocks
import DumpDirectory
import DumpReports
import Glibc
import HTTPClient
import Logging
import Retention
import Settings
import Threads

/// What the sidecar does all day: keeps an eye on service, volume and task until it is told to stop, then drains.
final class Watch {
  private let configuration: SidecarConfiguration
  private let volume: DumpVolume
  private let worker = Worker()
  private let signals: DrainSignals
  private let terminate: @Sendable (SidecarExit) -> Never
  private let tasks: TaskWatch
  private let offsite: OffsiteWatch?
  private let metrics = SidecarMetrics()
  private let logger: Logger
  private let round: VolumeRound

  private var clockWatch = ClockWatch()
  private var ticket: Ticket<Scan>?
  private var fingerprint: DumpFingerprint?
  private var nextScan = Duration.zero
  private var nextPrune = Duration.zero
  private var nextCloseLook = Duration.zero
  private var nextStatus = SteadyClock.now()
  /// When the metrics port is tried next; `nil` once it is served.
  private var nextMetrics: Duration? = SteadyClock.now()
  private var hasReportedHang = false
  private var wasReady = false
  /// The holder of the lease when the service was first seen as the writer.
  private var seenHolder: Ticket<String?>?
  /// The same, once it is known to be the service.
  private var ownHolder: String?
  /// Soon after the start, when what only the start needs has been used.
  private var nextTrim = SteadyClock.now() + .seconds(2)

  private static let scanPeriod = Duration.seconds(1)
  /// Names tell of every new dump; attributes only of one that is written over.
  private static let closeLookPeriod = Duration.seconds(30)
  private static let prunePeriod = Duration.seconds(3600)
  private static let metricsPeriod = Duration.seconds(10)
  private static let trimPeriod = Duration.seconds(60)
  private static let hangs = Duration.seconds(30)

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
    offsite = configuration.offsite.map { OffsiteWatch($0, retention: configuration.retention, logger: logger) }
    let pruner = Pruner(volume: volume, policy: configuration.retention, trash: configuration.trash, logger: logger)
    round = VolumeRound(volume: volume, pruner: pruner, metrics: metrics, logger: logger)
  }

  /// - Returns: how the drain at the end went.
  func run(_ account: SidecarConfiguration.Account, _ settings: HTTPClient.Settings) throws -> SidecarExit {
    let http = try HTTPClient(settings)
    let client = GatewayClient(http, url: configuration.url, account: account)
    client.interruption = signals.descriptor
    var service = ServiceWatch(client, logger: logger)
    tasks.start { try HTTPClient(settings) }
    offsite?.start({ try HTTPClient(settings) }, volume: volume, metrics: metrics)
    logger.notice(
      "watching",
      metadata: ["service.url": "\(configuration.url)", "dump.directory": "\(volume.place)"])
    while !isStopping {
      if SteadyClock.now() >= nextTrim {
        ResidentMemory.trim()
        nextTrim = SteadyClock.now() + Self.trimPeriod
      }
      metrics.noteTurn()
      startMetrics()
      service.look()
      wasReady = service.sighting.wasReady
      metrics.change {
        $0.isServiceReady = service.isReady
        $0.isServiceWriter = service.looksAsWriter > 0
      }
      learnHolder(service)
      lookAtVolume()
      logStatus()
      signals.first.wait(until: Deadline(in: .milliseconds(ticket == nil ? 250 : 50)))
    }
    return drain(client, settings, service)
  }

  /// Learns which holder of the lease the service is, each time that it becomes the writer.
  private func learnHolder(_ service: ServiceWatch) {
    switch service.looksAsWriter {
    case 0: seenHolder = nil
    case 1 where seenHolder == nil:
      let volume = volume
      seenHolder = worker.start { try LeaseWitness.holder(volume) }
    case 1: break
    default:
      // It was the writer before the lease was read, and still is: the lease was its own.
      guard case .done(let holder?)? = seenHolder?.outcome, holder != ownHolder else { return }
      ownHolder = holder
      logger.debug("the service holds the lease", metadata: ["lease.holder": "\(holder)"])
    }
  }

  private var isStopping: Bool { signals.received != nil || tasks.stopping.wait(until: Deadline(in: .zero)) }

  private func drain(
    _ client: GatewayClient, _ settings: HTTPClient.Settings, _ service: ServiceWatch
  ) -> SidecarExit {
    // From here on only the deadline ends a call.
    client.interruption = nil
    tasks.protect(true)
    // It is bounded by its own deadline, and no reason for a health check to fail meanwhile.
    metrics.noteTurn(lasting: configuration.drainDeadline)
    let cause = signals.received.map { "\($0)" } ?? "ECS stops the task"
    let drain = Drain(
      configuration, volume: volume, worker: worker,
      copy: DrainCopy(configuration, settings, volume: volume, logger: logger), logger: logger, cause: cause,
      sighting: service.sighting, own: ownHolder)
    let terminate = terminate
    signals.onInterruption { signal in terminate(drain.interrupt("\(signal)")) }
    let exit = drain.run(client)
    tasks.protect(false)
    return exit
  }

  /// Starts a round when something changed, and takes in what the last one brought. Never waits for the volume.
  private func lookAtVolume() {
    let (now, wall) = (SteadyClock.now(), WallClock.system.now().seconds)
    let clock = clockWatch.read(wall: wall, steady: now)
    let busy = worker.busyFor ?? .zero
    metrics.change { $0.volumeBusy = Int(busy.components.seconds) }
    if let ticket {
      guard let outcome = ticket.outcome else { return reportHang(busy) }
      self.ticket = nil
      hasReportedHang = false
      take(outcome)
    }
    guard now >= nextScan else { return }
    nextScan = now + Self.scanPeriod
    let prunes = now >= nextPrune
    if prunes { nextPrune = now + Self.prunePeriod }
    let isClose = now >= nextCloseLook
    if isClose { nextCloseLook = now + Self.closeLookPeriod }
    let (round, signals, tasks, volume) = (round, signals, tasks, volume)
    let before = fingerprint
    ticket = worker.start {
      // Most looks find nothing new, and cost a list of names.
      var print = try volume.directory.fingerprint(isClose: isClose)
      if let before, print.isSame(as: before), !prunes { return .unchanged }
      if !print.isClose { print = try volume.directory.fingerprint(isClose: true) }
      tasks.protect(true)
      defer { tasks.protect(false) }
      let result = try round.run(clock: clock, prunes: prunes) { signals.received != nil }
      let isWhole = result.dumps.allSatisfy { $0.verification != nil }
      // As it was before the round: what came during it is looked at next. What could not be read is looked at again,
      // though nothing changed.
      return .done(result, fingerprint: isWhole ? print : nil)
    }
  }

  private enum Scan: Sendable {
    case unchanged
    case done(VolumeRound.Result, fingerprint: DumpFingerprint?)
  }

  private func take(_ outcome: Worker.Outcome<Scan>) {
    switch outcome {
    case .done(.unchanged): break
    case .done(.done(let result, let fingerprint)):
      self.fingerprint = fingerprint
      nextTrim = SteadyClock.now()
      offsite?.offer(result.dumps)
    case .failed(let error):
      // The service makes the directory at its first start.
      if (error as? DumpDirectoryError)?.code == .notFound, !wasReady { return }
      metrics.countFailure("volume")
      nextScan = SteadyClock.now() + .seconds(10)
      logger.error("the volume can't be read", metadata: ["error": "\(error)"])
    case .late: break
    }
  }

  private func reportHang(_ busy: Duration) {
    guard busy > Self.hangs, !hasReportedHang else { return }
    hasReportedHang = true
    metrics.countFailure("volume_hangs")
    logger.error(
      "the volume does not answer; look at its mount",
      metadata: [
        "dump.directory": "\(volume.place)",
        "duration.ms": .stringConvertible(busy.milliseconds),
      ])
  }

  private func logStatus() {
    guard let period = configuration.statusPeriod, SteadyClock.now() >= nextStatus else { return }
    nextStatus = SteadyClock.now() + .seconds(period)
    logger.info("status", metadata: metrics.snapshot.status(now: WallClock.system.now().seconds))
  }

  /// Serves metrics once its port is free: while another program has it, health checks of this sidecar fail.
  private func startMetrics() {
    guard let port = configuration.metricsPort, let due = nextMetrics, SteadyClock.now() >= due else { return }
    let (metrics, logger) = (metrics, logger)
    let source = MetricsServer.Source(
      text: { metrics.snapshot.text(now: WallClock.system.now().seconds) }, isWatching: { metrics.isFresh },
      onFailure: { reason in
        metrics.countFailure("metrics_port")
        logger.error(
          "no connection can be taken on the metrics port; it is tried again", metadata: ["error": "\(reason)"])
      })
    do throws(MetricsServer.CannotListen) {
      let limit = ProcessSurroundings.descriptorLimit
      let taken = try MetricsServer.start(port: port, descriptors: limit, source)
      nextMetrics = nil
      logger.notice("metrics", metadata: ["metrics.port": .stringConvertible(taken)])
    } catch {
      nextMetrics = SteadyClock.now() + Self.metricsPeriod
      metrics.countFailure("metrics_port")
      logger.error("metrics can't be served; it is tried again", metadata: ["error": "\(error)"])
    }
  }
}
