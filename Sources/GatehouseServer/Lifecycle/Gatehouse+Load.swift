import Clocks
import DumpDirectory
import DumpFormat
import Logging
import Persistence
import Platform
import Resources

extension Gatehouse {
  /// A start waits this long for its first look at the lease. On a volume that hangs longer it goes on without.
  private static let firstLook = Duration.seconds(5)

  /// Takes the lease if it is free, then loads the newest dump.
  func load() async -> Event {
    lease.start()
    // First the lease: what is loaded then is the newest, since nobody else writes any more.
    let standing = await lease.firstStanding(within: Self.firstLook)
    let start = ContinuousClock.now
    do {
      let outcome = try await restorer.climb()
      let duration = ContinuousClock.now - start
      switch outcome {
      case .restored(let restored, let passedOver):
        report(passedOver)
        try await installation.begin(with: restored)
        report(restored, took: duration)
      case .nothingThere:
        try await installation.begin()
        logger.notice("no dump in the directory: starting with a fresh state")
      case .noneLoads(let failures):
        report(failures)
        guard configuration.memory.allowsEmptyStart else {
          logger.critical(
            "none of the dumps can be loaded, so the service does not start: it would bury them. Set the right MEM_ENCRYPTION_KEY (or MEM_ENCRYPTION_KEYS_OLD), restore a good file, or set MEM_ALLOW_EMPTY_START=true to start with nothing",
            metadata: ["dumps": .stringConvertible(failures.count)])
          return .refused(.noDumpLoads)
        }
        try await installation.begin()
        logger.warning("none of the dumps can be loaded; starting with a fresh state, as MEM_ALLOW_EMPTY_START asks")
      }
      reportOverruledSettings()
      begin(standing)
      return .loaded
    } catch {
      logger.critical("the state could not be loaded", metadata: ["error": "\(error)"])
      return .refused(.noDumpLoads)
    }
  }

  func report(_ failures: [Ladder.Failure]) {
    for failure in failures {
      logger.error(
        "dump passed over; the file is left as it is",
        metadata: ["dump.path": "\(failure.path)", "error": "\(failure.reason)"])
    }
  }

  /// What the store says of the timer counts, so that a change by a call outlives a restart. Where the environment says
  /// otherwise, someone may wait for dumps that never come.
  private func reportOverruledSettings() {
    let (memory, settings) = (configuration.memory, platform.settings)
    let timer = [
      ("MEM_AUTO_SAVE_ENABLED", "\(memory.autoSaveEnabled)", "enable_auto_save", "\(settings.autoSaveEnabled)"),
      (
        "MEM_AUTO_SAVE_FREQ", "\(memory.autoSaveFrequency)", "auto_save_frequency_seconds",
        "\(settings.autoSaveFrequency)"
      ),
    ]
    for (variable, asked, field, kept) in timer where memory.autoSaveVariables.contains(variable) && asked != kept {
      logger.warning(
        "a variable of the timer has no effect: the security settings in the store say otherwise, and they count. Change them with PUT /platform/security/settings, or unset the variable",
        metadata: [
          "setting.variable": "\(variable)", "setting.environment": "\(asked)", "setting.field": "\(field)",
          "setting.store": "\(kept)",
        ])
    }
  }

  private func report(_ restored: Ladder.Restored, took duration: Duration) {
    var metadata: Logger.Metadata = [
      "dump.path": "\(restored.path)", "dump.created_at": "\(restored.summary.createdAt)",
      "documents": .stringConvertible(restored.summary.records),
      "duration.ms": .stringConvertible(duration.milliseconds),
    ]
    for count in restored.summary.counts where count.records > 0 {
      metadata["count.\(count.name)"] = .stringConvertible(count.records)
    }
    logger.notice("restored from dump \(restored.path)", metadata: metadata)
    for (place, count) in restored.conflicts.sorted(by: { $0.key < $1.key }) {
      logger.warning(
        "the dump holds values twice that should be unique; all documents were kept",
        metadata: ["place": "\(place)", "times": .stringConvertible(count)])
    }
  }
}
