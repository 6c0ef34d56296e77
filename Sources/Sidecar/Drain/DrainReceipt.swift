import Clocks
import DumpDirectory
import DumpReports
import Glibc
import JSON

/// The results of a drain so far.
struct DrainRecord: Sendable {
  /// The requests for a dump.
  var attempts: [DrainReceipt.Attempt] = []
  /// The dump that was verified.
  var dump: DrainReceipt.Dump?
  /// The newest place of the journals that is safe, or `nil` when there is no journal or it is not known.
  var journal: SafePlace?
  /// The copy in S3, or `nil` where no copies are configured.
  var copy: DrainReceipt.Copy?
}

/// The report of a drain. It is written to the volume, as the last lines of a log can be lost.
struct DrainReceipt: Sendable {
  /// How a drain began.
  struct Beginning: Sendable {
    /// The time in the file's name and in `started_at`.
    let startedAt: WallClock.Moment
    let deadline: Duration
    /// The cause: a signal, or the command.
    let cause: String
    let url: String
    let sighting: GatewaySighting
  }

  /// One request for a dump.
  struct Attempt: Sendable {
    /// `dump`, or `readiness` where that showed a standby.
    let step: String
    let result: String
    /// From the drain's beginning.
    let startedAt: Duration
    let took: Duration
  }

  /// The dump that was verified.
  struct Dump: Sendable {
    let name: String
    let path: String
    let bytes: Int
    let verification: GoodDump
    let verifyingTook: Duration
    /// Whether this drain caused it. Otherwise it is the newest that was there.
    let isNew: Bool
    let predecessor: (name: String, documents: Int)?
    let shrank: Bool

    init(_ checked: DumpCheck.Checked, verifyingTook: Duration, isNew: Bool) {
      name = checked.dump.name
      path = checked.dump.entry.path
      bytes = checked.dump.entry.bytes
      verification = checked.good
      self.verifyingTook = verifyingTook
      self.isNew = isNew
      predecessor = checked.predecessor
      shrank = checked.shrank
    }
  }

  /// The result of the copy to S3.
  struct Copy: Sendable {
    let bucket: String
    /// The name of the dump, or `nil` when there is none to copy.
    var dump: String?
    var isThere = false
    /// Why the copy is not there, or was there before.
    var reason: String?
    var took = Duration.zero

    init(bucket: String, reason: String) {
      self.bucket = bucket
      self.reason = reason
    }
  }

  let beginning: Beginning
  let record: DrainRecord
  let finding: DrainFinding
  let took: Duration

  /// `drain-20261124T205912Z.json`
  static let prefix = "drain-"
  static let suffix = ".json"

  func fileName(number: Int) -> String {
    let time = CivilTime(unixSeconds: beginning.startedAt.seconds).compact
    let digits = String(number)
    let tail = number == 0 ? "" : "-" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    return "\(Self.prefix)\(time)\(tail)\(Self.suffix)"
  }

  var json: JSONValue {
    let startedAt = beginning.startedAt
    var receipt: JSONObject = [
      "version": 1,
      "outcome": .string(finding.outcome.rawValue),
      "sentence": .string(finding.sentence),
      "exit_code": .integer(Int(finding.outcome.exit.rawValue)),
      "verified": .bool(record.dump != nil),
      "cause": .string(beginning.cause),
      "process": .integer(Int(getpid())),
      "started_at": .string(CivilTime(unixSeconds: startedAt.seconds).extended(microseconds: startedAt.microseconds)),
      "took_ms": .integer(took.milliseconds),
      "deadline_seconds": .integer(beginning.deadline.milliseconds / 1000),
      "service": [
        "url": .string(beginning.url), "was_ready": .bool(beginning.sighting.wasReady),
        "last_seen": .string(beginning.sighting.rawValue),
      ],
      "attempts": .array(record.attempts.map(Self.json)),
    ]
    receipt["dump"] = record.dump.map(Self.json) ?? .null
    receipt["journal"] = record.journal.map(\.json) ?? .null
    receipt["offsite"] = record.copy.map(Self.json) ?? .null
    return .object(receipt)
  }

  private static func json(_ attempt: Attempt) -> JSONValue {
    [
      "step": .string(attempt.step), "result": .string(attempt.result),
      "at_ms": .integer(attempt.startedAt.milliseconds), "took_ms": .integer(attempt.took.milliseconds),
    ]
  }

  private static func json(_ dump: Dump) -> JSONValue {
    var object: JSONObject = [
      "name": .string(dump.name), "path": .string(dump.path), "bytes": .integer(dump.bytes), "new": .bool(dump.isNew),
    ]
    for (key, value) in dump.verification.fields { object[key] = value }
    object["verifying_ms"] = .integer(dump.verifyingTook.milliseconds)
    object["predecessor"] =
      dump.predecessor.map { ["name": .string($0.name), "documents": .integer($0.documents)] } ?? .null
    object["shrank"] = .bool(dump.shrank)
    return .object(object)
  }

  private static func json(_ copy: Copy) -> JSONValue {
    [
      "copied": .bool(copy.isThere), "bucket": .string(copy.bucket), "dump": copy.dump.map { .string($0) } ?? .null,
      "took_ms": .integer(copy.took.milliseconds), "reason": copy.reason.map { .string($0) } ?? .null,
    ]
  }

  /// One line for people.
  static func line(_ receipt: JSONObject) -> String {
    // A receipt of another version can lack something; that shows as a question mark, and not as a number.
    let number = { (object: JSONObject, name: String) in object[name]?.number?.int.map { "\($0)" } ?? "?" }
    let outcome = receipt["outcome"]?.string ?? "unknown"
    let took = receipt["took_ms"]?.number?.int.map { "\($0 / 1000).\(Self.tenths($0))" } ?? "?"
    var line = "\(outcome) in \(took) s of \(number(receipt, "deadline_seconds")) s"
    if let dump = receipt["dump"]?.object {
      let word = dump["new"]?.bool == true ? "dump" : "newest dump"
      line += ", \(word) \(dump["name"]?.string ?? "?") verified"
      line += " (\(number(dump, "documents")) documents, \(number(dump, "bytes")) bytes)"
      if dump["shrank"]?.bool == true { line += ", SHRANK by more than half" }
    } else {
      line += ", no verified dump"
    }
    if let journal = receipt["journal"]?.object, journal["in_dump"]?.bool == false {
      line += ", journal \(number(journal, "epoch"))-\(number(journal, "sequence")) up to commit"
      line += " \(number(journal, "commits"))"
    }
    if let copy = receipt["offsite"]?.object {
      line +=
        copy["copied"]?.bool == true ? ", copied to S3" : ", NOT copied to S3 (\(copy["reason"]?.string ?? "unknown"))"
    }
    return "\(line): \(receipt["sentence"]?.string ?? "it does not say why")"
  }

  private static func tenths(_ milliseconds: Int) -> Int { milliseconds % 1000 / 100 }
}
