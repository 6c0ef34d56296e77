import Authentication
import Clocks
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

  func dump(to path: String?, within limit: Duration) async throws(APIError) -> DumpReport {
    do {
      let dump = try await TimeLimit.perform(within: limit) {
        let target = if let path { try await confined(path) } else { location }
        await installer.accounts.waitForPasswords(within: Self.accountPatience)
        return try await dumper.dump(to: target, reason: "request")
      }
      let summary = dump.written.summary
      return DumpReport(
        path: dump.written.path, sequence: dump.sequence, header: JSONObject(summary.header.fields),
        documents: summary.records, bytes: summary.bytes, sha256: summary.sha256,
        collections: summary.counts.map { ($0.name, $0.records) })
    } catch let error as DumpDirectoryError where error.code == .outside {
      throw APIError(400, "MEM004", "The path \(error)")
    } catch let error as DumpDirectoryError where error.code == .leaseLost {
      throw APIError(409, "MEM007", "No dump was written: \(lease.holderSentence)")
    } catch is Worker.Late {
      logger.warning(
        "a dump is not finished when its request is answered; it goes on",
        metadata: ["dump.directory": "\(location.directory)", "duration.ms": .stringConvertible(limit.milliseconds)])
      throw APIError(
        503, "MEM008",
        "The dump is not finished after \(limit.components.seconds) seconds, and goes on; look at the volume. Older dumps are as they were"
      )
    } catch {
      // The dumper logs its own errors. Only the lack of a thread for looking up the path is logged here.
      if error is ThreadError { logger.error("a dump's path can't be checked", metadata: ["error": "\(error)"]) }
      throw APIError(500, "MEM006", "The dump was not written, \(Self.cause(of: error)). Older dumps are as they were")
    }
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

  /// The cause without paths. The log contains the paths for the operator, and clients need not know them.
  private static func cause(of error: any Error) -> String {
    switch (error as? DumpDirectoryError)?.code {
    case .noSpace?: "since the volume is full: free space on it or enlarge it"
    case .notWritable?, .readOnly?: "since its directory can't be written: check the volume's permissions"
    default: "since the volume or the dump failed: the gateway's log says how"
    }
  }
}
