import DocumentStore
import DumpDirectory
import DumpFormat
import DumpReports
import Glibc
import JSON
import Model
import Persistence
import Settings

/// The commands `gatehouse dump …` but `restore`. Only `rekey` changes anything in the dump directory; `convert` writes
/// into another one.
package struct DumpCommands: Sendable {
  let location: DumpLocation
  let keyring: DumpKeyring
  let directory: DumpDirectory
  private let allowsOlder: Bool

  /// Reads where the dumps are and the keys. The other settings need not be there.
  ///
  /// - Parameter environment: of the process. A fault in it ends the process with exit code 78.
  package init(_ environment: [String: String]) throws {
    var reader = EnvironmentReader(environment, readFile: SecretFile.text(of:))
    guard let memory = Configuration.memory(&reader, isProduction: false), reader.faults.isEmpty else {
      Program.complain(ConfigurationFaults(faults: reader.faults).description)
      exit(ExitCode.configuration.rawValue)
    }
    keyring = memory.dumps.keyring
    allowsOlder = memory.allowsOlderStart
    location = try DumpLocation(memory.dumps, workingDirectory: ProcessEnvironment.workingDirectory)
    directory = DumpDirectory(location)
  }

  /// Lists the dumps, newest first, in the order in which a start tries them, and the journals.
  package func list(json: Bool) throws {
    let list = DumpList(
      try catalogue().map(DumpReport.init(unverified:)),
      journals: try directory.journalReports(keyring, verifies: false), try directory.leftAlone(), in: location,
      knowsVerification: false)
    print(json ? JSONWriter.text(.object(list.json)) : list.text)
  }

  /// Shows what is in a dump.
  ///
  /// - Parameter file: `nil` for the newest.
  package func inspect(_ file: String?, json: Bool) throws {
    let report = report(of: try path(of: file))
    guard let inspection = DumpInspection(report) else {
      Program.complain("\(report.entry.path): \(report.reason)")
      exit((report.verification == nil ? ExitCode.dumpUnreadable : .noDumpLoads).rawValue)
    }
    print(json ? JSONWriter.text(.object(inspection.json)) : inspection.text)
  }

  /// Authenticates every byte of dumps and journals.
  ///
  /// - Parameter files: dumps; empty for all dumps and journals of the dump directory.
  package func verify(_ files: [String], json: Bool) throws {
    let reports = try files.isEmpty ? catalogue().map(report) : files.map { report(of: directory.path(named: $0)) }
    let journals = try files.isEmpty ? directory.journalReports(keyring, verifies: true) : []
    let list = VerificationList(reports, journals: journals, in: location.directory)
    print(json ? JSONWriter.text(.object(list.json)) : list.text)
    switch list.outcome {
    case .allGood: break
    case .unreadable: exit(ExitCode.dumpUnreadable.rawValue)
    case .bad: exit(ExitCode.noDumpLoads.rawValue)
    }
  }

  private func report(of path: String) -> DumpReport { report(DumpEntry(path: path)) }

  private func report(_ entry: DumpEntry) -> DumpReport {
    let (found, trouble) = directory.verification(of: entry.path, keyring)
    return DumpReport(entry, verification: found, trouble: trouble)
  }

  /// Loads dumps as a start would, and says which one it would take.
  ///
  /// - Parameter file: one dump; `nil` for all that a start would try.
  package func restoreCheck(_ file: String?) throws {
    let ladder = Ladder(directory: directory, keyring: keyring, schemas: Collections.schemas)
    if let file {
      let path = try path(of: file)
      do {
        describe(try ladder.load(path))
      } catch {
        fail(path, error)
      }
      return
    }
    _ = try catalogue()
    let outcome: Ladder.Outcome
    do {
      outcome = try ladder.restoreNewest(allowsOlder: allowsOlder)
    } catch {
      fail(location.directory, error)
    }
    switch outcome {
    case .restored(let restored, let passedOver):
      for failure in passedOver { print("passed over  \(failure)") }
      describe(restored)
    case .blocked(let failure, let passedOver):
      for failure in passedOver { print("passed over  \(failure)") }
      print("stopped at   \(failure)")
      print(
        failure.isOfJournal
          ? "a start would refuse: that journal may have acknowledged changes. MEM_ALLOW_OLDER_START=true leaves them out"
          : "a start would refuse: that dump may be the newest. MEM_ALLOW_OLDER_START=true goes on below it")
      exit((failure.fault == .unreadable ? ExitCode.dumpUnreadable : .noDumpLoads).rawValue)
    case .nothingThere:
      print("no dumps in \(location.directory): a start would begin with a fresh state")
      // Someone who moves here expects them to be loaded.
      let others = try directory.leftAlone().others.filter { DumpName($0) != nil }
      for name in others { print("left alone  \(name): it is no dump of '\(location.stem)' by its name") }
      guard others.isEmpty else {
        print("there are dumps of another stem; name it in MEM_DUMP_PATH if a start shall load them")
        exit(ExitCode.noDumpLoads.rawValue)
      }
    case .noneLoads(let failures):
      for failure in failures { print("passed over  \(failure)") }
      print("a start would refuse: none of the dumps can be loaded")
      exit(ExitCode.noDumpLoads.rawValue)
    }
  }

  /// The names of the formats that `convert` takes.
  package static let formats = DumpFormatName.allCases.map(\.rawValue)

  /// Writes a dump again in another format, into another directory.
  ///
  /// - Parameters:
  ///   - file: `nil` for the newest.
  ///   - format: one of `formats`; with another one nothing is written.
  package func convert(_ file: String?, to format: String, into target: String) throws {
    guard let format = DumpFormatName(rawValue: format) else { return }
    let path = try path(of: file)
    let workingDirectory = ProcessEnvironment.workingDirectory
    let conversion = DumpConversion(of: directory, keyring: keyring, program: "gatehouse/\(Version.number)")
    do {
      let written = try conversion.convert(
        path, to: format, into: target.beginsWithBytes("/") ? target : "\(workingDirectory)/\(target)")
      print("wrote  \(written.path)  \(written.summary.records) documents of \(written.summary.createdAt)")
    } catch {
      fail(path, error)
    }
  }

  private func describe(_ restored: Ladder.Restored) {
    print("loads  \(restored.path)  \(restored.documents) documents of \(restored.createdAt ?? "journals only")")
    for count in restored.contents.counts where count.documents > 0 { print("  \(count.name)  \(count.documents)") }
    for (place, count) in restored.conflicts.sorted(by: { $0.key < $1.key }) {
      print("  warning: \(place): \(count) values that should be unique come again")
    }
  }

  func catalogue() throws -> [DumpEntry] {
    do {
      return try directory.catalogue(keyring)
    } catch {
      guard error.code == .notFound else { fail(location.directory, error) }
      failMissingDirectory()
    }
  }

  func failMissingDirectory() -> Never {
    Program.complain("there is no directory '\(location.directory)'; set MEM_DUMP_PATH to where the dumps are")
    exit(ExitCode.directoryNotWritable.rawValue)
  }

  private func path(of file: String?) throws -> String {
    if let file { return directory.path(named: file) }
    guard let newest = try catalogue().first else {
      Program.complain("there is no dump in \(location.directory)")
      exit(ExitCode.noDumpLoads.rawValue)
    }
    return newest.path
  }

  func fail(_ path: String, _ error: any Error) -> Never {
    Program.complain("\(path): \(error)")
    exit(Self.code(of: error).rawValue)
  }

  static func code(of error: any Error) -> ExitCode {
    if let error = error as? DumpFormatError { return error.isOfReading ? .dumpUnreadable : .noDumpLoads }
    return error is DumpDirectoryError ? .dumpUnreadable : .noDumpLoads
  }
}
