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
  /// Pauses between tries to read what can't be read, 30 s in all.
  private static let rereading: [Duration] =
    [.milliseconds(250), .milliseconds(750), .seconds(2)] + [Duration](repeating: .seconds(3), count: 9)

  /// Takes the lease if it is free, then loads the newest dump.
  func load() async -> Event {
    lease.start()
    // First the lease: what is loaded then is the newest, since nobody else writes any more.
    let standing = await lease.firstStanding(within: Self.firstLook)
    let start = ContinuousClock.now
    do {
      let outcome = try await climb()
      let duration = ContinuousClock.now - start
      switch outcome {
      case .restored(let restored, let passedOver):
        report(passedOver)
        try await installation.begin(with: restored)
        report(restored, took: duration)
      case .nothingThere:
        try installation.begin()
        logger.notice("no dump in the directory: starting with a fresh state")
      case .blocked(let failure, let passedOver):
        report(passedOver)
        return refuse(failure)
      case .noneLoads(let failures):
        report(failures)
        guard configuration.memory.allowsEmptyStart else {
          logger.critical(
            "none of the dumps can be loaded, so the service does not start: it would bury them. Set the right MEM_ENCRYPTION_KEY (or MEM_ENCRYPTION_KEYS_OLD), restore a good file, or set MEM_ALLOW_EMPTY_START=true to start with nothing",
            metadata: ["dumps": .stringConvertible(failures.count)])
          return .refused(.noDumpLoads)
        }
        try installation.begin()
        logger.warning("none of the dumps can be loaded; starting with a fresh state, as MEM_ALLOW_EMPTY_START asks")
      }
      reportOverruledSettings()
      await begin(standing)
      await reportDumpPath()
      let isFresh = if case .nothingThere = outcome { true } else { false }
      await reportLeftAlone(isFresh: isFresh)
      return .loaded
    } catch let error as DumpDirectoryError {
      logger.critical(
        "the directory of dumps can't be read, so the service does not start: put its permissions or the volume right",
        metadata: ["path": "\(error.path)", "error": "\(error)"])
      return .refused(.dumpUnreadable)
    } catch {
      logger.critical("the state could not be loaded", metadata: ["error": "\(error)"])
      return .refused(.noDumpLoads)
    }
  }

  /// Tries the dumps. What can't be read is tried again for a while: an error of a network volume passes, and someone may put
  /// permissions right.
  private func climb() async throws -> Ladder.Outcome {
    let memory = configuration.memory
    var pauses = Self.rereading[...]
    while true {
      do {
        let outcome = try await restorer.climb(allowsOlder: memory.allowsOlderStart)
        guard case .blocked(let failure, _) = outcome else { return outcome }
        if failure.fault == .unreadable {
          guard let pause = pauses.popFirst() else { return outcome }
          await wait(pause, for: failure.path, failure.reason)
        } else if memory.allowsEmptyStart,
          case .noneLoads(let failures) = try await restorer.climb(allowsOlder: true)
        {
          return .noneLoads(failures)
        } else {
          return outcome
        }
      } catch let error as DumpDirectoryError {
        guard let pause = pauses.popFirst() else { throw error }
        await wait(pause, for: error.path, "\(error)")
      }
    }
  }

  private func wait(_ pause: Duration, for path: String, _ reason: String) async {
    logger.warning(
      "a dump that may be the newest can't be read; trying again",
      metadata: ["dump.path": "\(path)", "error": "\(reason)", "retry.ms": .stringConvertible(pause.milliseconds)])
    // Only the end of the process cancels this.
    try? await Task.sleep(for: pause)
  }

  private func refuse(_ failure: Ladder.Failure) -> Event {
    let (what, remedy): (String, String) =
      switch failure.fault {
      case .unreadable: ("can't be read", "Put its permissions or the volume right")
      case .noKey:
        (
          "is opened by no key",
          "Set the key that sealed it as MEM_ENCRYPTION_KEY or in MEM_ENCRYPTION_KEYS_OLD, or move the file away if it is damaged"
        )
      case .unloadable, .damaged:
        ("can't be loaded by this program", "Start the version that wrote it, or move the file away")
      }
    logger.critical(
      "a dump that may be the newest \(what), so the service does not start: it would bury that dump under an older state. \(remedy), or set MEM_ALLOW_OLDER_START=true to start from the newest one below it",
      metadata: ["dump.path": "\(failure.path)", "error": "\(failure.reason)"])
    return .refused(failure.fault == .unreadable ? .dumpUnreadable : .noDumpLoads)
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

  /// Saved settings can name another place for dumps than the environment: of another machine, or of a time when that counted.
  private func reportDumpPath() async {
    guard let path = platform.settings.dumpPath else { return }
    do throws(Refusal) {
      try await dumps.check(dumpPath: path)
    } catch {
      logger.warning(
        "dump_path of the saved settings has no effect: dumps are written and looked for where MEM_DUMP_PATH says. Dumps of that path are loaded only when MEM_DUMP_PATH names it, or by a restore that names the file",
        metadata: [
          "setting.dump_path": "\(path)", "dump.directory": "\(location.directory)", "dump.stem": "\(location.stem)",
          "reason": "\(error.message)",
        ])
    }
  }

  /// Nobody shall wait for a file to be loaded that no start looks at.
  ///
  /// - Parameter isFresh: there was no dump to load, so what is left alone may be what someone expected.
  private func reportLeftAlone(isFresh: Bool) async {
    do {
      let leftAlone = try await dumps.leftAlone()
      for impostor in leftAlone.impostors {
        logger.warning(
          "a name of a dump is no regular file, and is passed over; put the file itself there",
          metadata: ["dump.name": "\(impostor.name)", "dump.kind": "\(impostor.kind)"])
      }
      guard !leftAlone.others.isEmpty else { return }
      logger.log(
        level: isFresh ? .warning : .notice,
        "files beside the dumps have other names than MEM_DUMP_PATH gives, and are left alone; restore one by its path, or name its stem in MEM_DUMP_PATH",
        metadata: [
          "files": .stringConvertible(leftAlone.others.count),
          "names": "\(leftAlone.others.prefix(Self.shownNames).joined(separator: ", "))",
          "dump.stem": "\(location.stem)",
        ])
    } catch {
      logger.warning(
        "what stands beside the dumps can't be looked at",
        metadata: ["path": "\(location.directory)", "error": "\(error)"])
    }
  }

  private static var shownNames: Int { 5 }

  /// A name in ASCII: the metadata's keys are told apart as Unicode does, the names of collections by their bytes.
  private static func ascii(_ name: String) -> String {
    name.unicodeScalars.map { $0.isASCII ? String($0) : "{\(String($0.value, radix: 16))}" }.joined()
  }

  private func report(_ restored: Ladder.Restored, took duration: Duration) {
    var metadata: Logger.Metadata = [
      "dump.path": "\(restored.path)", "dump.created_at": "\(restored.summary.createdAt)",
      "documents": .stringConvertible(restored.summary.records),
      "duration.ms": .stringConvertible(duration.milliseconds),
    ]
    for count in restored.summary.counts where count.records > 0 {
      metadata["count.\(Self.ascii(count.name))"] = .stringConvertible(count.records)
    }
    logger.notice("restored from dump \(restored.path)", metadata: metadata)
    for (place, count) in restored.conflicts.sorted(by: { $0.key < $1.key }) {
      logger.warning(
        "the dump holds values twice that should be unique; all documents were kept",
        metadata: ["place": "\(place)", "times": .stringConvertible(count)])
    }
  }
}
