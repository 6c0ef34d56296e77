import Clocks
import DocumentStore
import DumpDirectory
import DumpFormat
import HTTPAPI
import Logging
import Model
import Persistence
import Platform
import Rules
import Threads

extension Gatehouse {
  /// The time that a start waits for its first read of the lease. If the volume hangs longer, the start continues
  /// without the lease.
  private static let firstLook = Duration.seconds(5)
  /// The time for finding the address at which other tasks reach this one.
  private static let addressLimit = Duration.seconds(2)
  /// The pauses between attempts to read an unreadable dump, 30 s in total.
  private static let rereading: [Duration] =
    [.milliseconds(250), .milliseconds(750), .seconds(2)] + [Duration](repeating: .seconds(3), count: 9)

  /// Takes the lease if it is free, then loads the newest dump.
  func load() async -> Event {
    do throws(StartFault) {
      // The lease states the address.
      await address.wait(within: Self.addressLimit)
      try startLease()
      // The lease comes first. With it, no other task writes, so the dump that is loaded stays the newest.
      let role = await lease.firstRole(within: Self.firstLook)
      let followed = role.holderEpoch == nil ? nil : follower
      if followed != nil { state.follow() }
      let foundDump = try await restore(following: followed)
      reportOverruledSettings()
      await acceptLease(as: role)
      await reportDumpPath()
      // A directory that could not be created contains no files to report.
      if DumpDirectory(location).exists || !isUnmade { await reportLeftAlone(isFresh: !foundDump) }
      return .loaded
    } catch {
      error.log(to: logger)
      return .refused(error.code)
    }
  }

  private func startLease() throws(StartFault) {
    do throws(ThreadError) {
      try lease.start()
    } catch {
      throw StartFault(error)
    }
  }

  /// Restores the newest dump, or starts without one.
  ///
  /// - Parameter follower: follows the task that holds the lease, whose state is then left as it is.
  /// - Returns: whether the directory contains dumps.
  private func restore(following follower: Follower?) async throws(StartFault) -> Bool {
    let start = SteadyClock.now()
    let outcome: Ladder.Outcome
    do {
      outcome = isUnmade && !DumpDirectory(location).exists ? .nothingThere : try await restoreNewest()
    } catch {
      throw StartFault(loading: error)
    }
    let duration = SteadyClock.now() - start
    switch outcome {
    case .restored(let restored, let passedOver):
      report(passedOver)
      do {
        if let follower {
          try await installer.follow(restored, restorer: restorer)
          try await follower.begin(with: restored)
          installer.accounts.leaveToHolder()
        } else {
          try await installer.start(with: restored)
        }
      } catch {
        throw StartFault(accounts: error, in: restored.path)
      }
      report(restored, took: duration)
    case .nothingThere:
      if let follower {
        await follower.beginEmpty()
        installer.accounts.leaveToHolder()
        logger.notice("no dump in the directory: starting with the changes of the task that holds the lease")
        return false
      }
      journal?.begin(with: .empty)
      try startFresh()
      logger.notice("no dump in the directory: starting with a fresh state")
      return false
    case .blocked(let failure, let passedOver):
      report(passedOver)
      throw StartFault(blockedBy: failure)
    case .noneLoads(let failures):
      report(failures)
      guard configuration.memory.allowsEmptyStart else { throw StartFault.noneLoads(failures.count) }
      journal?.begin(with: nil)
      try startFresh()
      logger.warning("none of the dumps can be loaded; starting with a fresh state, as MEM_ALLOW_EMPTY_START asks")
    }
    return true
  }

  private func startFresh() throws(StartFault) {
    do {
      try installer.startFresh()
    } catch {
      throw StartFault(accounts: error, in: nil)
    }
  }

  /// Tries the dumps in restore order. An unreadable file is retried for a while, because errors of a network volume
  /// are often temporary and an operator may correct permissions.
  private func restoreNewest() async throws -> Ladder.Outcome {
    let memory = configuration.memory
    var pauses = Self.rereading[...]
    while true {
      do {
        let outcome = try await restorer.restoreNewest(allowsOlder: memory.allowsOlderStart)
        guard case .blocked(let failure, _) = outcome else { return outcome }
        if failure.fault == .unreadable {
          guard let pause = pauses.popFirst() else { return outcome }
          await wait(pause, for: failure.path, failure.reason)
        } else if memory.allowsEmptyStart,
          case .noneLoads(let failures) = try await restorer.restoreNewest(allowsOlder: true)
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
    // Only the end of the process cancels this sleep.
    try? await Task.sleep(for: pause)
  }

  func report(_ failures: [Ladder.Failure]) {
    for failure in failures {
      logger.error(
        "dump passed over; the file is left as it is",
        metadata: ["dump.path": "\(failure.path)", "error": "\(failure.reason)"])
    }
  }

  /// Warns when saved settings override the environment's settings of automatic dumps. Saved settings apply, so that a
  /// change by a request survives a restart. Without the warning, an operator might expect dumps that are never
  /// written.
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
        "a variable of automatic dumps has no effect: the saved security settings differ, and they apply. Change them with PUT /platform/security/settings, or unset the variable",
        metadata: [
          "setting.variable": "\(variable)", "setting.environment": "\(asked)", "setting.field": "\(field)",
          "setting.store": "\(kept)",
        ])
    }
  }

  /// Warns when the path for dumps in the saved settings differs from the environment's, as it does in settings from
  /// another machine.
  private func reportDumpPath() async {
    guard let path = platform.settings.dumpPath else { return }
    do throws(APIError) {
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

  /// Logs the files that no start loads, so that nobody expects one of them to be loaded.
  ///
  /// - Parameter isFresh: whether there was no dump to load. In that case an operator may have expected one of these
  ///   files.
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
        "the files beside the dumps can't be read",
        metadata: ["path": "\(location.directory)", "error": "\(error)"])
    }
  }

  private static var shownNames: Int { 5 }

  /// A name in ASCII. Metadata keys are compared by Unicode equivalence, but names of collections by their bytes.
  private static func ascii(_ name: String) -> String {
    name.unicodeScalars.map { $0.isASCII ? String($0) : "{\(String($0.value, radix: 16))}" }.joined()
  }

  private func report(_ restored: Ladder.Restored, took duration: Duration) {
    var metadata: Logger.Metadata = [
      "dump.path": "\(restored.path)", "dump.created_at": "\(restored.createdAt ?? "none")",
      "documents": .stringConvertible(restored.documents),
      "journal.commits": .stringConvertible(restored.replay?.commits ?? 0),
      "duration.ms": .stringConvertible(duration.milliseconds),
    ]
    for count in restored.contents.counts where count.documents > 0 {
      metadata["count.\(Self.ascii(count.name))"] = .stringConvertible(count.documents)
    }
    let source = restored.summary == nil ? "journals, as there is no dump yet" : "dump \(restored.path)"
    logger.notice("restored from \(source)", metadata: metadata)
    if let replay = restored.replay, replay.tornBytes > 0 {
      logger.notice(
        "the newest journal ends with a write that was cut off, which is left out; with MEM_JOURNAL=always none of its changes was acknowledged",
        metadata: [
          "journal.number": "\(replay.journals.last.map { "\($0.number)" } ?? "none")",
          "journal.cut.bytes": .stringConvertible(replay.tornBytes),
        ])
    }
    for (place, count) in restored.conflicts.sorted(by: { $0.key < $1.key }) {
      logger.warning(
        "the dump holds values twice that should be unique; all documents were kept",
        metadata: ["place": "\(place)", "times": .stringConvertible(count)])
    }
  }
}
