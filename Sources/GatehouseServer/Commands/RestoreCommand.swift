import Clocks
import DumpDirectory
import DumpFormat
import Glibc
import Persistence
import Settings

/// The command `gatehouse dump restore`.
package struct RestoreCommand: Sendable {
  private let moment: Moment

  /// Reads the moment.
  ///
  /// - Throws: an error with a sentence, when it is none, or when there is not exactly one.
  package init(at time: String?, sequence: String?) throws {
    switch (time, sequence) {
    case (let time?, nil): moment = try Moment(time: time)
    case (nil, let sequence?): moment = try Moment(sequence: sequence)
    default: throw MomentError(.malformed, "name one of --at and --sequence")
    }
  }

  /// Writes the state of the moment as the newest dump, and says how to undo that. A fault ends the process.
  ///
  /// - Parameter environment: of the process.
  package func run(_ environment: [String: String]) async throws {
    var reader = EnvironmentReader(environment, readFile: SecretFile.text(of:))
    guard let memory = Configuration.memory(&reader, isProduction: false), reader.faults.isEmpty else {
      Self.end(.configuration, ConfigurationFaults(faults: reader.faults).description)
    }
    let location = try DumpLocation(memory.dumps, workingDirectory: ProcessEnvironment.workingDirectory)
    let directory = DumpDirectory(location)
    guard directory.exists else {
      Self.end(
        .directoryNotWritable,
        "there is no directory '\(location.directory)'; set MEM_DUMP_PATH to where the dumps are")
    }
    let restore = OfflineRestore(in: directory, keyring: memory.dumps.keyring, format: memory.dumpFormat)
    do {
      report(try await restore.restore(moment) { Program.complain($0) })
    } catch let error as MomentError {
      Self.end(.noDumpLoads, "nothing was restored: \(error)")
    } catch let error as OfflineRestore.LeaseHeld {
      Self.end(
        .filesInUse,
        "nothing was restored: \(error). While a gateway runs, send it POST /platform/memory/restore with \(body)")
    } catch {
      Self.end(Self.code(of: error), "nothing was restored: \(error). The newest state is as it was")
    }
  }

  /// The body of the request that does the same.
  private var body: String {
    switch moment {
    case .time(let time): #"{"at": "\#(CivilTime.extended(unixMicroseconds: time))"}"#
    case .position(let position): #"{"sequence": "\#(position)"}"#
    }
  }

  private func report(_ report: OfflineRestore.Report) {
    let moment = report.moment
    let name = moment.position.map { "\($0)" } ?? moment.restored.path
    print(
      "restored  \(name)  \(moment.restored.documents) documents, last changed \(CivilTime.extended(unixMicroseconds: moment.time))"
    )
    print("wrote     \(report.path)  a start loads it")
    if let before = report.before { print("to undo   gatehouse dump restore --sequence \(before)") }
    if let reason = report.lostRevocations {
      print(
        "warning   tokens that were revoked since are valid again until they expire: the newest state can't be loaded: \(reason)"
      )
    }
  }

  private static func code(of error: any Error) -> ExitCode {
    switch (error as? DumpDirectoryError)?.code {
    case .noSpace?, .notWritable?, .readOnly?: .directoryNotWritable
    default: .dumpUnreadable
    }
  }

  private static func end(_ code: ExitCode, _ sentence: String) -> Never {
    Program.complain(sentence)
    exit(code.rawValue)
  }
}
