import Clocks
import DocumentStore
import DumpDirectory
import DumpFormat
import HTTPAPI
import Logging
import Persistence
import Platform
import Rules
import Threads

extension DumpRequestHandler {
  /// A state of the volume, with its moment if it was asked for by that.
  private struct Loaded {
    let restored: Ladder.Restored
    var moment: RestoreReport.Moment?
  }

  func restore(_ target: RestoreTarget) async throws(APIError) -> RestoreReport {
    let loaded = try await load(target)
    let restored = loaded.restored
    do {
      try await installer.replaceOnRequest(restored, restorer: restorer) { () throws(APIError) in try permitChange() }
    } catch let error as APIError {
      throw error
    } catch let violation as RuleViolation {
      throw APIError(violation)
    } catch let error as StateInstaller.NotKept {
      throw APIError(
        503, "GTW504",
        "The state was put in place, but may be lost: \(error.cause). Write a dump with POST /platform/memory/dump")
    } catch {
      logger.error(
        "a dump was read, but its state could not be put in place; nothing was changed",
        metadata: ["dump.path": "\(restored.path)", "error": "\(error)"])
      throw APIError(500, "MEM006", "The dump was read, but its state could not be put in place: \(error)")
    }
    var metadata: Logger.Metadata = [
      "dump.reason": "request", "dump.documents": .stringConvertible(restored.documents),
    ]
    if let moment = loaded.moment {
      metadata["restore.at"] = "\(moment.time)"
      if let sequence = moment.sequence { metadata["restore.sequence"] = "\(sequence)" }
      metadata["journal.commits"] = .stringConvertible(moment.commits)
    }
    logger.notice("restored from dump \(restored.path)", metadata: metadata)
    return RestoreReport(
      version: restored.summary?.version ?? DumpFormatName.dmp1.version, createdAt: restored.createdAt ?? "",
      moment: loaded.moment)
  }

  private func permitChange() throws(APIError) {
    guard !state.isSealed else {
      throw APIError(503, "GTW503", "Nothing was restored: the gateway is stopping")
    }
    if let standby = lease.standby { throw APIError(503, "GTW504", "Nothing was restored: \(standby.reason)") }
  }

  private func load(_ target: RestoreTarget) async throws(APIError) -> Loaded {
    do {
      switch target {
      case .newest: return Loaded(restored: try await newest())
      case .dump(let path):
        let (location, workingDirectory) = (location, workingDirectory)
        return Loaded(
          restored: try await restorer.load(
            paths.perform { try location.confinedFile(path, workingDirectory: workingDirectory) }))
      case .time(let text): return try await state(of: Moment(time: text))
      case .sequence(let text): return try await state(of: Moment(sequence: text))
      }
    } catch let error as APIError {
      throw error
    } catch let error as MomentError {
      switch error.code {
      case .malformed, .ambiguous: throw APIError(400, "MEM009", "Nothing was restored: \(error)")
      case .uncovered: throw APIError(404, "MEM010", "Nothing was restored: \(error)")
      }
    } catch let error as DumpDirectoryError {
      switch error.code {
      case .notFound: throw APIError(404, "MEM003", "There is no such file")
      case .outside: throw APIError(400, "MEM004", "The path \(error)")
      default:
        logger.error(
          "nothing was restored: the file, or the dump directory, can't be read",
          metadata: ["dump.path": "\(error.path)", "error": "\(error)"])
        throw APIError(400, "MEM005", "The file can't be read; the gateway's log says why")
      }
    } catch {
      logger.error(
        "nothing was restored: the file can't be loaded",
        metadata: ["dump.path": "\(target.path)", "error": "\(error)"])
      throw APIError(400, "MEM005", "The file can't be restored: \(error). Nothing was changed")
    }
  }

  private func state(of moment: Moment) async throws -> Loaded {
    if case .time(let time) = moment { try await settle(time) }
    let found = try await restorer.restore(at: moment)
    return Loaded(
      restored: found.restored,
      moment: RestoreReport.Moment(
        time: CivilTime.extended(unixMicroseconds: found.time), sequence: found.position.map { "\($0)" },
        commits: found.commits))
  }

  /// Waits until the journal has the acknowledged changes up to a time.
  private func settle(_ time: Int) async throws {
    guard let journal = dumper.changes else { return }
    let age = Duration.microseconds(WallClock.system.microseconds - time)
    guard .zero <= age, age < journal.delay else { return }
    do {
      try await journal.settle(store.snapshot().sequence)
    } catch {
      throw MomentError(
        .uncovered,
        "the volume does not have the changes of the last \(journal.delay.components.seconds) seconds yet; try again later"
      )
    }
  }

  /// The newest state that the volume has.
  private func newest() async throws -> Ladder.Restored {
    switch try await restorer.restoreNewest(allowsOlder: allowsOlder, behindCalls: true) {
    case .restored(let restored, let passedOver):
      for failure in passedOver {
        logger.warning("dump passed over", metadata: ["dump.path": "\(failure.path)", "error": "\(failure.reason)"])
      }
      return restored
    case .blocked(let failure, _):
      logger.error(
        "nothing was restored: a dump that may be the newest can't be loaded",
        metadata: ["dump.path": "\(failure.path)", "error": "\(failure.reason)"])
      throw APIError(
        400, "MEM005",
        "A dump that may be the newest can't be loaded; the gateway's log says which and why. Name another one with path"
      )
    case .nothingThere:
      throw APIError(404, "MEM003", "There is no dump to restore yet")
    case .noneLoads(let failures):
      throw APIError(
        400, "MEM005", "None of the \(failures.count) dumps can be loaded; the gateway's log says why for each")
    }
  }
}

extension RestoreTarget {
  /// The words for the log.
  fileprivate var path: String {
    switch self {
    case .newest: "the newest"
    case .dump(let path): path
    case .time(let time): "that of \(time)"
    case .sequence(let sequence): "that of sequence \(sequence)"
    }
  }
}
