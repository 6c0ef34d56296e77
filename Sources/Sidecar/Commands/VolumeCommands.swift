import Clocks
import DumpDirectory
import DumpReports
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
    let journals = try volume.journals(beside: dumps)
    let list = try list(of: dumps, journals, pruner.plan(dumps, journals, clock: clock))
    print(json ? JSONWriter.text(.object(list.json)) : list.text)
    return .success
  }

  private func list(
    of dumps: [KnownDump], _ journals: [KnownJournal], _ plan: RetentionPlan
  ) throws -> DumpList {
    DumpList(
      zip(dumps, plan.decisions).map { $0.report($1) },
      journals: zip(journals, plan.journalDecisions).map { $0.report($1) },
      try volume.leftAlone(), in: try volume.directory.location, knowsVerification: true)
  }

  private func verified(_ journals: [KnownJournal]) -> [KnownJournal] {
    journals.map { $0.isVerificationDue ? volume.verify($0, among: journals) : $0 }
  }

  /// Verifies what was not verified yet, since nothing goes before something newer is known to be good.
  ///
  /// - Parameter removesDamaged: what is damaged or does not open goes, too.
  func prune(isDry: Bool, json: Bool, acceptsShrunk: Bool, removesDamaged: Bool) throws -> SidecarExit {
    let (dumps, journals) = try volume.savingCacheOnce {
      let dumps = try volume.dumps().map { $0.verification == nil ? volume.verify($0) : $0 }
      return (dumps, verified(try volume.journals(beside: dumps)))
    }
    // In a dry run this is in memory only, as is what was verified.
    if acceptsShrunk, let newest = dumps.first(where: \.isGood) { volume.accept([newest.name]) }
    var pruner = pruner
    pruner.removesDamaged = removesDamaged
    let plan = pruner.plan(dumps, journals, clock: clock)
    let report = isDry ? Pruner.Report() : pruner.prune(dumps, journals, clock: clock)
    let list = try list(of: dumps, journals, plan)
    if json {
      var object = list.json
      object["dry_run"] = .bool(isDry)
      object["trashed"] = .strings(report.trashed)
      object["unlinked"] = .strings(report.unlinked)
      object["failures"] = .strings(report.failures)
      print(JSONWriter.text(.object(object)))
    } else {
      print(list.text)
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
    let (dumps, journals) = try volume.savingCacheOnce { () throws -> ([KnownDump], [KnownJournal]) in
      guard files.isEmpty else { return (try files.map(verify), []) }
      let dumps = try volume.dumps().map { volume.verify($0) }
      let journals = try volume.journals(beside: dumps)
      return (dumps, journals.map { $0.isEnded ? volume.verify($0, among: journals) : $0 })
    }
    let ended = journals.filter(\.isEnded).map { $0.report() }
    let list = VerificationList(dumps.map { $0.report() }, journals: ended, in: volume.dumpPath)
    print(json ? JSONWriter.text(.object(list.json)) : list.text)
    return switch list.outcome {
    case .allGood: .success
    case .unreadable: .volume
    case .bad: .damaged
    }
  }

  /// One file, wherever it is: a bare name is one of the dump directory, else of the working directory.
  private func verify(_ file: String) throws -> KnownDump {
    // A path says where it is, also when MEM_DUMP_PATH leads nowhere.
    if file.utf8.contains(UInt8(ascii: "/")) { return volume.verify(path: file) }
    return volume.verify(path: try volume.directory.path(named: file))
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
    let (dump, journals): (OffsiteFetch.Dump?, [OffsiteFetch.Journal])
    if let name { (dump, journals) = (try fetch.dump(name), []) } else { (dump, journals) = try fetch.newest() }
    if json {
      var object: JSONObject = ["path": .null]
      if let dump { object = JSONObject([("path", .string(dump.path))] + dump.good.fields) }
      object["journals"] = .array(
        journals.map { ["path": .string($0.path), "commits": .integer($0.good.commits)] })
      print(JSONWriter.text(.object(object)))
    } else {
      if let dump {
        print("fetched  \(dump.path)  \(dump.good.documents) documents of \(dump.good.createdAt), verified")
      }
      for journal in journals { print("fetched  \(journal.path)  \(journal.good.commits) commits, verified") }
    }
    return .success
  }
}
