import Clocks
import DumpDirectory
import HTTPClient
import Logging
import Retention
import Threads

/// Copies journals to S3 from a thread of its own, so that a large dump on its way does not delay them.
final class JournalCopyWatch: Sendable {
  private let configuration: OffsiteConfiguration
  private let retention: RetentionPolicy
  private let roles: RoleWatch
  private let gate: CopyGate
  private let logger: Logger

  init(
    _ configuration: OffsiteConfiguration, retention: RetentionPolicy, roles: RoleWatch, gate: CopyGate, logger: Logger
  ) {
    self.configuration = configuration
    self.retention = retention
    self.roles = roles
    self.gate = gate
    self.logger = logger
  }

  /// Starts the thread.
  ///
  /// - Parameter client: makes the client for the requests to S3.
  func start(_ client: @escaping @Sendable () throws -> HTTPClient, volume: DumpVolume, metrics: SidecarMetrics) {
    let maker = ClientMaker(purpose: "copying journals to S3", logger: logger, metrics: metrics, make: client)
    do throws(ThreadError) {
      try SystemThread.start { [self] in
        let store = OffsiteStore(configuration, retention: retention, http: maker.makeEventually(), logger: logger)
        let mayCopy = { [roles] in roles.look().copies }
        while true {
          while !mayCopy() { Wakeup().wait(until: Deadline(in: Self.rolePause)) }
          // The copies in S3 are listed anew, as the sidecar of another task has made some meanwhile.
          gate.forget()
          loop(JournalCopier(store, volume: volume, mayCopy: mayCopy, logger: logger), store, volume, metrics)
          gate.forget()
          metrics.change { $0.journalsCopied = nil }
        }
      }
    } catch {
      metrics.countFailure(.threads)
      logger.error("no journal is copied to S3", metadata: ["error": "\(error)"])
    }
  }

  /// The time between two looks at the role.
  private static let rolePause = Duration.seconds(1)

  /// Copies for as long as this task makes the copies, as it does now.
  private func loop(
    _ copier: JournalCopier, _ store: OffsiteStore, _ volume: DumpVolume, _ metrics: SidecarMetrics
  ) {
    let pauses = RetryPause(first: configuration.interval, longest: max(configuration.interval, .seconds(60)))
    var pause = pauses
    var generator = SystemRandomNumberGenerator()
    var isFailing = false
    metrics.change { $0.journalsCopied = SteadyClock.now() }
    repeat {
      let begun = SteadyClock.now()
      let failures = copier.faults.failures
      do {
        guard let isAll = try copy(with: copier, store, volume) else {
          Wakeup().wait(until: Deadline(in: gate.pause))
          continue
        }
        if isAll { metrics.change { $0.journalsCopied = begun } }
        // A journal's own fault is no reason to let the others wait.
        if copier.faults.failures > failures { metrics.countFailure(.offsite) }
        if isFailing { logger.notice("journals are copied to S3 again") }
        (isFailing, pause) = (false, pauses)
        Wakeup().wait(until: Deadline(in: configuration.interval - (SteadyClock.now() - begun)))
      } catch {
        metrics.countFailure(.offsite)
        let wait = pause.next(using: &generator)
        if !isFailing {
          logger.error(
            "journals can't be copied to S3; it is tried again",
            metadata: ["error": "\(error)", "retry.ms": .stringConvertible(wait.milliseconds)])
        }
        isFailing = true
        Wakeup().wait(until: Deadline(in: wait))
      }
    } while copier.mayCopy()
  }

  /// Copies what is new, and writes down all copies of this round at once.
  ///
  /// - Returns: whether S3 has everything now, or `nil` while no copies may be made.
  func copy(with copier: JournalCopier, _ store: OffsiteStore, _ volume: DumpVolume) throws -> Bool? {
    // A volume without anything to copy claims no place.
    if gate.state != .open {
      if try volume.directory.journals().isEmpty { return true }
      // A task that ends before its first copy must not keep the place from the next one.
      if gate.state == .unchecked, try copier.isWaiting() { return false }
    }
    guard try gate.opens(store, volume) else {
      copier.forget()
      return nil
    }
    defer { volume.saveCache() }
    return try copier.run(until: Deadline(in: configuration.interval))
  }
}
