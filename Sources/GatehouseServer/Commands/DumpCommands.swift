import DocumentStore
import DumpDirectory
import DumpFormat
import Glibc
import JSON
import Model
import Persistence
import Settings

/// `gatehouse dump …`: dumps as an operator looks at them. Nothing on the volume changes.
package struct DumpCommands: Sendable {
  private let location: DumpLocation
  private let keyring: DumpKeyring
  private let directory: DumpDirectory
  private let allowsOlder: Bool

  /// Reads where the dumps are and the keys; the other settings need not be there.
  ///
  /// - Parameter environment: of the process. What is wrong in it ends the process with exit code 78.
  package init(_ environment: [String: String]) throws {
    var reader = EnvironmentReader(environment, readFile: SecretFile.text(of:))
    guard let memory = Configuration.memory(&reader, isProduction: false), reader.faults.isEmpty else {
      Program.complain(ConfigurationFaults(faults: reader.faults).description)
      exit(ExitCode.configuration.rawValue)
    }
    keyring = memory.dumps.keyring
    allowsOlder = memory.allowsOlderStart
    location = try DumpLocation(memory.dumps, workingDirectory: ProcessSurroundings.workingDirectory)
    directory = DumpDirectory(location)
  }

  package func list(json: Bool) async throws {
    let entries = try catalogue()
    let leftAlone = try directory.leftAlone()
    if json {
      let dumps = entries.map { entry -> JSONValue in
        [
          "name": .string(entry.name), "path": .string(entry.path), "bytes": .integer(entry.bytes),
          "created_at": .string(entry.createdAt),
        ]
      }
      let passedOver = leftAlone.impostors.map { impostor -> JSONValue in
        ["name": .string(impostor.name), "kind": .string(impostor.kind)]
      }
      print(
        JSONWriter.text([
          "directory": .string(location.directory), "dumps": .array(dumps), "passed_over": .array(passedOver),
          "left_alone": .strings(leftAlone.others),
        ]))
      return
    }
    print("\(entries.count) dump\(entries.count == 1 ? "" : "s") in \(location.directory), newest first")
    for entry in entries { print("\(entry.createdAt)  \(entry.bytes) bytes  \(entry.name)") }
    for impostor in leftAlone.impostors { print("passed over  \(impostor.name): it is \(impostor.kind)") }
    for name in leftAlone.others { print("left alone   \(name): it is no dump of '\(location.stem)' by its name") }
  }

  package func inspect(_ file: String?) async throws {
    let path = try path(of: file)
    do {
      let summary = try directory.open(path).verify(keyring).read(group: { _ in }, record: { _, _ in })
      print("path        \(path)")
      print("format      \(summary.format.label)")
      print("created at  \(summary.createdAt)")
      print("bytes       \(summary.bytes)")
      print("sha256      \(summary.sha256)")
      print("documents   \(summary.records)")
      for count in summary.counts { print("  \(count.name)  \(count.records)") }
    } catch {
      fail(path, error)
    }
  }

  package func verify(_ files: [String]) async throws {
    let paths = try files.isEmpty ? catalogue().map(\.path) : files.map { try path(of: $0) }
    var worst: ExitCode?
    for path in paths {
      do {
        let summary = try directory.open(path).verify(keyring).read(group: { _ in }, record: { _, _ in })
        print("good  \(path)  \(summary.records) documents")
      } catch {
        // What can't be read may be good.
        worst = worst == .noDumpLoads ? worst : Self.code(of: error)
        print("BAD   \(path): \(error)")
      }
    }
    if paths.isEmpty { print("no dumps in \(location.directory)") }
    if let worst { exit(worst.rawValue) }
  }

  package func restoreCheck(_ file: String?) async throws {
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
      outcome = try ladder.climb(allowsOlder: allowsOlder)
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
      print("a start would refuse: that dump may be the newest. MEM_ALLOW_OLDER_START=true goes on below it")
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

  private func describe(_ restored: Ladder.Restored) {
    print("loads  \(restored.path)  \(restored.summary.records) documents of \(restored.summary.createdAt)")
    for count in restored.contents.counts where count.documents > 0 { print("  \(count.name)  \(count.documents)") }
    for (place, count) in restored.conflicts.sorted(by: { $0.key < $1.key }) {
      print("  warning: \(place): \(count) values that should be unique come again")
    }
  }

  private func catalogue() throws -> [DumpEntry] {
    do {
      return try directory.catalogue(keyring)
    } catch {
      guard error.code == .notFound else { fail(location.directory, error) }
      Program.complain("there is no directory '\(location.directory)'; set MEM_DUMP_PATH to where the dumps are")
      exit(ExitCode.directoryNotWritable.rawValue)
    }
  }

  private func path(of file: String?) throws -> String {
    if let file { return file.utf8.contains(UInt8(ascii: "/")) ? file : pathOfName(file) }
    guard let newest = try catalogue().first else {
      Program.complain("there is no dump in \(location.directory)")
      exit(ExitCode.noDumpLoads.rawValue)
    }
    return newest.path
  }

  /// A bare name is one of the directory of dumps, else of the working directory.
  private func pathOfName(_ name: String) -> String {
    let path = "\(location.directory)/\(name)"
    return access(path, F_OK) == 0 ? path : name
  }

  private func fail(_ path: String, _ error: any Error) -> Never {
    Program.complain("\(path): \(error)")
    exit(Self.code(of: error).rawValue)
  }

  private static func code(of error: any Error) -> ExitCode {
    if let error = error as? DumpFormatError { return error.isOfReading ? .dumpUnreadable : .noDumpLoads }
    return error is DumpDirectoryError ? .dumpUnreadable : .noDumpLoads
  }
}
