import Authentication
import DocumentStore
import DumpDirectory
import DumpFormat
import HTTPAPI
import JSON
import Logging
import Model
import Persistence
import Platform
import Rules
import Threads

/// Serves the platform API's requests about dumps. It checks paths, writes and restores dumps, and converts failures
/// into responses.
struct DumpRequestHandler: DumpPort {
  let store: DocumentStore
  let location: DumpLocation
  let workingDirectory: String
  let dumper: Dumper
  let lease: WriterLease
  let state: ServiceState
  let restorer: Restorer
  /// Whether a restore without a path may skip a dump that may be valid.
  let allowsOlder: Bool
  let settings: SecuritySettings.Defaults
  let installer: StateInstaller
  let logger: Logger
  /// Looks up paths on the volume. This thread may hang with the volume; the threads that serve requests must not.
  let paths = Worker.started()

  /// The time limit for looking up a path.
  private static let patience = Duration.seconds(2)

  /// The time that a dump waits for the accounts' passwords. After that, the dump is written without them, because
  /// saving the state is more important.
  private static let accountPatience = Duration.seconds(5)

  /// Writes a dump where a start looks for it.
  func dump(reason: String) async throws -> Dumper.Dump {
    await installer.accounts.waitForPasswords(within: Self.accountPatience)
    return try await dumper.dump(to: location, reason: reason)
  }

  /// Writes the last dump where a start looks for it. No change is acknowledged after its snapshot.
  func dumpLast(reason: String) async throws {
    let state = state
    await installer.accounts.waitForPasswords(within: Self.accountPatience)
    _ = try await dumper.dumpLast(to: location, reason: reason) { state.seal() }
    // This comes before the lease is released.
    state.markSaved()
  }

  func dump(to path: String?) async throws(APIError) -> DumpReport {
    do {
      let target = if let path { try await confined(path) } else { location }
      await installer.accounts.waitForPasswords(within: Self.accountPatience)
      let dump = try await dumper.dump(to: target, reason: "request")
      let summary = dump.written.summary
      return DumpReport(
        path: dump.written.path, sequence: dump.sequence, header: JSONObject(summary.header.fields),
        documents: summary.records, bytes: summary.bytes, sha256: summary.sha256,
        collections: summary.counts.map { ($0.name, $0.records) })
    } catch let error as DumpDirectoryError where error.code == .outside {
      throw APIError(400, "MEM004", "The path \(error)")
    } catch let error as DumpDirectoryError where error.code == .leaseLost {
      throw APIError(409, "MEM007", "No dump was written: \(lease.holderSentence)")
    } catch {
      // The dumper logs its own errors. Only the lack of a thread for looking up the path is logged here.
      if error is ThreadError { logger.error("a dump's path can't be checked", metadata: ["error": "\(error)"]) }
      throw APIError(500, "MEM006", "The dump was not written, \(Self.cause(of: error)). Older dumps are as they were")
    }
  }

  func restore(from path: String?) async throws(APIError) -> RestoreReport {
    let restored = try await load(path)
    do {
      try await installer.replaceOnRequest(restored, restorer: restorer) { () throws(APIError) in try permitChange() }
    } catch let error as APIError {
      throw error
    } catch let violation as RuleViolation {
      throw APIError(violation)
    } catch {
      logger.error(
        "a dump was read, but its state could not be put in place; nothing was changed",
        metadata: ["dump.path": "\(restored.path)", "error": "\(error)"])
      throw APIError(500, "MEM006", "The dump was read, but its state could not be put in place: \(error)")
    }
    logger.notice(
      "restored from dump \(restored.path)",
      metadata: ["dump.reason": "request", "dump.documents": .stringConvertible(restored.summary.records)])
    return RestoreReport(version: restored.summary.version, createdAt: restored.summary.createdAt)
  }

  private func permitChange() throws(APIError) {
    guard !state.isSealed else {
      throw APIError(503, "GTW503", "Nothing was restored: the gateway is stopping")
    }
    if let standby = lease.standby { throw APIError(503, "GTW504", "Nothing was restored: \(standby.reason)") }
  }

  func check(dumpPath: String) async throws(APIError) {
    do {
      guard try await confined(dumpPath, patience: Self.patience) == location else {
        throw APIError(
          400, "MEM004",
          "dump_path must name the same directory and stem as MEM_DUMP_PATH, '\(location.stem).bin': a start loads those dumps only"
        )
      }
    } catch let error as DumpDirectoryError {
      throw APIError(400, "MEM004", "dump_path \(error)")
    } catch let error as APIError {
      throw error
    } catch is Worker.Late {
      throw APIError(503, "MEM006", "dump_path can't be checked: the volume does not answer")
    } catch {
      logger.error("dump_path can't be checked", metadata: ["dump.path": "\(dumpPath)", "error": "\(error)"])
      throw APIError(503, "MEM006", "dump_path can't be checked: the gateway's log says why")
    }
  }

  /// The files in the dump directory that no start loads.
  func leftAlone() async throws -> LeftAlone {
    let location = location
    return try await paths.perform(within: Self.patience) { try DumpDirectory(location).leftAlone() }
  }

  private func confined(_ path: String) async throws -> DumpLocation {
    let (location, workingDirectory) = (location, workingDirectory)
    return try await paths.perform { try location.confined(path, workingDirectory: workingDirectory) }
  }

  private func confined(_ path: String, patience: Duration) async throws -> DumpLocation {
    let (location, workingDirectory) = (location, workingDirectory)
    return try await paths.perform(within: patience) {
      try location.confined(path, workingDirectory: workingDirectory)
    }
  }

  private func load(_ path: String?) async throws(APIError) -> Ladder.Restored {
    do {
      if let path {
        let (location, workingDirectory) = (location, workingDirectory)
        return try await restorer.load(
          paths.perform { try location.confinedFile(path, workingDirectory: workingDirectory) })
      }
      switch try await restorer.restoreNewest(allowsOlder: allowsOlder) {
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
    } catch let error as APIError {
      throw error
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
        metadata: ["dump.path": "\(path ?? "the newest")", "error": "\(error)"])
      throw APIError(400, "MEM005", "The file can't be restored: \(error). Nothing was changed")
    }
  }

  /// The cause without paths. The log contains the paths for the operator, and clients need not know them.
  private static func cause(of error: any Error) -> String {
    switch (error as? DumpDirectoryError)?.code {
    case .noSpace?: "since the volume is full: free space on it or enlarge it"
    case .notWritable?, .readOnly?: "since its directory can't be written: check the volume's permissions"
    default: "since the volume or the dump failed: the gateway's log says how"
    }
  }
}
