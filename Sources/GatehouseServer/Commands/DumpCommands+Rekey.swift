import DumpDirectory
import DumpFormat
import DumpReports
import Glibc
import JSON
import Persistence
import Settings

extension DumpCommands {
  /// Encrypts dumps and journals again with the present key, each in its place.
  ///
  /// - Parameters:
  ///   - files: dumps and journals; empty for all of the dump directory.
  ///   - withTrash: whether those in the trash are among them.
  package func rekey(_ files: [String], withTrash: Bool, json: Bool) throws {
    // It says so when there is no directory.
    _ = try catalogue()
    let rekeying = Rekeying(in: directory, keyring: keyring, program: "gatehouse/\(Version.number)")
    let paths = files.isEmpty ? try rekeying.paths(withTrash: withTrash) : files.map(directory.absolutePath)
    var report = RekeyReport(directory: location.directory, key: keyring.name)
    for path in paths {
      let (kind, outcome) = rekeying.rekey(path)
      report.add(path, kind, outcome)
      if !json, let line = report.files.last?.line { print(line) }
    }
    print(json ? JSONWriter.text(.object(report.json)) : report.end)
    if let code = report.code { exit(code.rawValue) }
  }
}

/// The output of `gatehouse dump rekey`.
struct RekeyReport {
  /// A file, and what was done with it.
  struct File {
    let path: String
    let kind: Rekeying.Kind?
    let outcome: Rekeying.Outcome

    /// One line for a terminal.
    var line: String {
      switch outcome {
      case .rekeyed(let count): "rekeyed  \(path)  \(count) \(kind == .journal ? "commits" : "documents")"
      case .present: "present  \(path)"
      case .inUse(let reason): "IN USE   \(path): \(reason)"
      case .failed(let error): "FAILED   \(path): \(error)"
      }
    }

    fileprivate var json: JSONValue {
      let (result, count, error): (JSONValue, JSONValue, JSONValue) =
        switch outcome {
        case .rekeyed(let number): ("rekeyed", .integer(number), .null)
        case .present: ("present", .null, .null)
        case .inUse(let reason): ("in_use", .null, .string(reason))
        case .failed(let failure): ("failed", .null, .string("\(failure)"))
        }
      return .object([
        "path": .string(path), "kind": kind.map { .string($0.rawValue) } ?? .null, "result": result,
        "documents": kind == .dump ? count : .null, "commits": kind == .journal ? count : .null, "error": error,
      ])
    }
  }

  private let directory: String
  /// The name of the present key.
  private let key: String
  private(set) var files: [File] = []

  init(directory: String, key: String) {
    self.directory = directory
    self.key = key
  }

  mutating func add(_ path: String, _ kind: Rekeying.Kind?, _ outcome: Rekeying.Outcome) {
    files.append(File(path: path, kind: kind, outcome: outcome))
  }

  private var left: Int {
    files.count { if case .inUse = $0.outcome { true } else if case .failed = $0.outcome { true } else { false } }
  }

  /// The last line for a terminal.
  var end: String {
    if files.isEmpty { return "no dumps and no journals in \(directory)" }
    return left == 0
      ? "the present key decrypts all \(files.count) files (key id: \(key))"
      : "\(left) of \(files.count) files are as they were; keep the old keys"
  }

  /// The object that `--json` prints.
  var json: JSONObject {
    ["directory": .string(directory), "key_id": .string(key), "files": .array(files.map(\.json))]
  }

  /// The exit code, or `nil` when nothing is left to do: the first that fits of damage, a fault of reading or writing,
  /// and files in use.
  var code: ExitCode? {
    let codes = files.compactMap { file -> ExitCode? in
      switch file.outcome {
      case .rekeyed, .present: nil
      case .inUse: .filesInUse
      case .failed(let error): DumpCommands.code(of: error)
      }
    }
    return [.noDumpLoads, .dumpUnreadable, .filesInUse].first(where: codes.contains)
  }
}
