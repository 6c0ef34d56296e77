import Clocks
import DumpDirectory
import Glibc
import HTTPClient
import JSON
import Logs
import Retention

extension SidecarWork {
  private var pruner: Pruner {
    Pruner(volume: volume, policy: configuration.retention, trash: configuration.trash, logger: logger)
  }

  private var clock: ClockReading { .trusted(now: WallClock.system.now().seconds) }

  func list(json: Bool) throws -> SidecarExit {
    let dumps = try volume.dumps()
    let table = DumpTable(
      dumps, pruner.plan(dumps, clock: clock), try volume.leftAlone(), in: try volume.directory.location)
    print(json ? JSONWriter.text(.object(table.json)) : table.text)
    return .success
  }

  /// Verifies what was not verified yet, since nothing goes before something newer is known to be good.
  ///
  /// - Parameter removesDamaged: what is damaged or does not open goes, too.
  func prune(isDry: Bool, json: Bool, acceptsShrunk: Bool, removesDamaged: Bool) throws -> SidecarExit {
    let dumps = try volume.savingCacheOnce {
      try volume.dumps().map { $0.verification == nil ? volume.verify($0) : $0 }
    }
    // In a dry run this is in memory only, as is what was verified.
    if acceptsShrunk, let newest = dumps.first(where: \.isGood) { volume.accept([newest.name]) }
    var pruner = pruner
    pruner.removesDamaged = removesDamaged
    let plan = pruner.plan(dumps, clock: clock)
    let report = isDry ? Pruner.Report() : pruner.prune(dumps, clock: clock)
    let table = DumpTable(dumps, plan, try volume.leftAlone(), in: try volume.directory.location)
    if json {
      var object = table.json
      object["dry_run"] = .bool(isDry)
      object["trashed"] = .strings(report.trashed)
      object["unlinked"] = .strings(report.unlinked)
      object["failures"] = .strings(report.failures)
      print(JSONWriter.text(.object(object)))
    } else {
      print(table.text)
      if isDry {
        print("nothing was removed: this was a dry run")
      } else {
        print("\(report.trashed.count) moved to trash/, \(report.unlinked.count) unlinked from it")
      }
      for failure in report.failures { print("failed: \(failure)") }
    }
    return report.failures.isEmpty ? .success : .volume
  }

  func verify(_ files: [String], json: Bool) throws -> SidecarExit {
    let results = try volume.savingCacheOnce {
      files.isEmpty ? try volume.dumps().map { volume.verify($0) } : try files.map(verify)
    }
    var code = SidecarExit.success
    for result in results where !result.isGood && code != .damaged {
      code = result.verification == nil ? .volume : .damaged
    }
    if json {
      print(JSONWriter.text(["dumps": .array(results.map(Self.json))]))
    } else {
      if results.isEmpty { print("no dumps in \(volume.dumpPath)") }
      for result in results { print(Self.line(result)) }
    }
    return code
  }

  /// One file, wherever it is: a bare name is one of the directory of dumps, else of the working directory.
  private func verify(_ file: String) throws -> KnownDump {
    // A path says where it is, also when MEM_DUMP_PATH leads nowhere.
    if file.utf8.contains(UInt8(ascii: "/")) { return volume.verify(path: file) }
    let inside = "\(try volume.directory.location.directory)/\(file)"
    return volume.verify(path: access(inside, F_OK) == 0 ? inside : file)
  }

  private static func line(_ dump: KnownDump) -> String {
    switch dump.verification {
    case .good(let good)?: "good  \(dump.entry.path)  \(good.documents) documents of \(good.createdAt)"
    case .damaged(let reason)?, .unopened(let reason)?: "BAD   \(dump.entry.path): \(reason)"
    case nil: "?     \(dump.entry.path): \(dump.readFault ?? "it can't be read")"
    }
  }

  private static func json(_ dump: KnownDump) -> JSONValue {
    var object: JSONObject = ["name": .string(dump.name), "path": .string(dump.entry.path)]
    switch dump.verification {
    case .good(let good)?:
      object["verified"] = true
      for (key, value) in good.fields { object[key] = value }
    case .damaged(let reason)?, .unopened(let reason)?:
      object["verified"] = false
      object["error"] = .string(reason)
    case nil:
      object["verified"] = .null
      object["error"] = .string(dump.readFault ?? "it can't be read")
    }
    return .object(object)
  }

  func receipt(json: Bool) throws -> SidecarExit {
    let (found, passedOver) = try ReceiptFiles(directory: try volume.directory).newest()
    for receipt in passedOver { StandardError.write("a newer receipt can't be read: \(receipt)") }
    guard let (name, receipt) = found else {
      StandardError.write("no drain receipt in \(volume.dumpPath)")
      return .failure
    }
    print(json ? JSONWriter.text(.object(receipt)) : "\(name): \(DrainReceipt.line(receipt))")
    return .success
  }

  func fetch(_ name: String?, json: Bool) throws -> SidecarExit {
    guard let offsite = configuration.offsite else {
      StandardError.write("OFFSITE_S3_BUCKET is not set: there is nowhere to fetch from")
      return .configuration
    }
    let fetch = OffsiteFetch(
      store: OffsiteStore(offsite, retention: configuration.retention, http: try .init(httpSettings), logger: logger),
      volume: volume)
    let (path, good) = try fetch.run(name)
    if json {
      print(JSONWriter.text(.object(JSONObject([("path", .string(path))] + good.fields))))
    } else {
      print("fetched  \(path)  \(good.documents) documents of \(good.createdAt), verified")
    }
    return .success
  }
}
