import Clocks
import DumpDirectory
import DumpFormat
import DumpReports
import HTTPClient
import Logging
import Retention
import Synchronization
import Threads

/// Copies the newest verified dump to S3 from a thread of its own, so that a slow line delays nothing else.
final class OffsiteWatch: Sendable {
  private let configuration: OffsiteConfiguration
  private let retention: RetentionPolicy
  private let roles: RoleWatch
  private let gate: CopyGate
  private let logger: Logger
  private let schedule = Mutex(CopySchedule())
  private let wakeup = Wakeup()

  init(
    _ configuration: OffsiteConfiguration, retention: RetentionPolicy, roles: RoleWatch, gate: CopyGate, logger: Logger
  ) {
    self.configuration = configuration
    self.retention = retention
    self.roles = roles
    self.gate = gate
    self.logger = logger
  }

  /// Takes in the dumps of the volume, newest first. The newest verified one is copied next.
  func offer(_ dumps: [KnownDump]) {
    if schedule.withLock({ $0.offer(dumps) }) { wakeup.ring() }
  }

  /// Starts the thread.
  ///
  /// - Parameter client: makes the client for the requests to S3.
  func start(_ client: @escaping @Sendable () throws -> HTTPClient, volume: DumpVolume, metrics: SidecarMetrics) {
    metrics.change { $0.isOffsite = true }
    let maker = ClientMaker(purpose: "copying dumps to S3", logger: logger, metrics: metrics, make: client)
    do throws(ThreadError) {
      try SystemThread.start { [self] in
        let store = OffsiteStore(
          configuration, retention: retention, http: maker.makeEventually(), logger: logger)
        loop(store, volume, metrics)
      }
    } catch {
      metrics.countFailure(.threads)
      logger.error("no dump is copied to S3", metadata: ["error": "\(error)"])
    }
  }

  private func loop(_ store: OffsiteStore, _ volume: DumpVolume, _ metrics: SidecarMetrics) {
    var clockWatch = ClockWatch()
    while true {
      switch schedule.withLock({ $0.next(at: SteadyClock.now()) }) {
      case .idle: wakeup.take(until: .never)
      case .pause(let until): Wakeup().wait(until: Deadline(in: until - SteadyClock.now()))
      case .copy(let dump):
        let role = roles.look()
        guard role.copies else {
          schedule.withLock { $0.withhold(in: role, at: SteadyClock.now()) }
          continue
        }
        do {
          guard try gate.opens(store, volume) else {
            schedule.withLock { $0.hold(for: gate.pause, at: SteadyClock.now()) }
            continue
          }
          try copy(dump, store, volume, metrics)
          schedule.withLock { $0.copied(dump) }
          let clock = clockWatch.read(wall: WallClock.system.now().seconds, steady: SteadyClock.now())
          prune(store, volume, try volume.directory.location, clock, metrics)
          schedule.withLock { $0.succeeded() }
        } catch {
          if (error as? OffsiteError)?.code == .unreadable { volume.unreadDumps.note(dump.name, isRead: false) }
          noteFailure(error, dump, metrics)
        }
      }
    }
  }

  private func noteFailure(_ error: any Error, _ dump: KnownDump, _ metrics: SidecarMetrics) {
    metrics.countFailure(.offsite)
    let wait = schedule.withLock { schedule in
      var generator = SystemRandomNumberGenerator()
      return schedule.failed(at: SteadyClock.now(), using: &generator)
    }
    logger.error(
      "the copy to S3 failed; it is tried again",
      metadata: [
        "dump.name": "\(dump.name)", "error": "\(error)", "retry.ms": .stringConvertible(wait.milliseconds),
      ])
  }

  /// Prunes the copies in S3. Copies that can't be removed now are removed after the next copy.
  private func prune(
    _ store: OffsiteStore, _ volume: DumpVolume, _ location: DumpLocation, _ clock: ClockReading,
    _ metrics: SidecarMetrics
  ) {
    do throws(OffsiteError) {
      let highest = volume.copyNotes(at: store.place).highest
      _ = try store.prune(location, upTo: highest, clock, Deadline(in: .seconds(120))) { [roles] in
        roles.look().prunes
      }
    } catch {
      if error.code == .otherHistory { gate.recheck() }
      metrics.countFailure(.offsite)
      logger.warning(
        "the copies in S3 were not pruned; that is tried again after the next copy", metadata: ["error": "\(error)"])
    }
  }

  private func copy(
    _ dump: KnownDump, _ store: OffsiteStore, _ volume: DumpVolume, _ metrics: SidecarMetrics
  ) throws {
    guard let good = dump.verification?.good else { return }
    if !volume.isCopied(dump.name, to: store.place) {
      let start = SteadyClock.now()
      let source = try volume.directory.source(of: dump.entry.path)
      if let order = good.order { volume.noteCopy(of: JournalNumber(order), at: store.place) }
      try store.put(dump, good, source, OffsiteStore.deadline(bytes: source.size))
      volume.markCopied(dump.name, at: store.place)
      volume.unreadDumps.note(dump.name, isRead: true)
      logger.info(
        "dump copied to S3",
        metadata: [
          "dump.name": "\(dump.name)", "dump.bytes": .stringConvertible(dump.entry.bytes),
          "offsite.bucket": "\(configuration.bucket)",
          "duration.ms": .stringConvertible((SteadyClock.now() - start).milliseconds),
        ])
    }
    metrics.change { $0.newestCopied = dump.createdSeconds }
  }
}
