import Clocks
import DumpDirectory
import DumpReports
import Retention

/// A dump of the volume with what is known of it.
struct KnownDump: Sendable {
  let entry: DumpEntry
  /// `nil` when the file could not be looked at.
  let identity: FileIdentity?
  /// `nil`: not verified yet, or not readable just now.
  var verification: Verification?
  /// Why it could not be read just now.
  var trouble: String?

  var name: String { entry.name }
  var isGood: Bool { verification?.good != nil }

  /// RFC 3339, as the dump says where that is a time, else by its name; empty when neither tells.
  var createdAt: String {
    verification?.good.map(\.createdAt).flatMap { CivilTime.unixSeconds(of: $0) == nil ? nil : $0 } ?? entry.createdAt
  }

  /// Unix seconds; 0 when nothing tells, as of a file that was named by its path. Dumps of the directory have a time in their name.
  var createdSeconds: Int { CivilTime.unixSeconds(of: createdAt) ?? 0 }

  var judged: JudgedDump {
    let verdict: JudgedDump.Verdict =
      switch verification {
      case .good(let good)?: .good(documents: good.documents)
      case .damaged?: .damaged
      case .unopened?: .unopened
      case nil: .unverified
      }
    return JudgedDump(name: name, createdAt: createdSeconds, bytes: entry.bytes, verdict: verdict)
  }

  /// What commands report of it.
  ///
  /// - Parameter decision: what the retention rules decide on it; `nil` where no rules are asked.
  func report(_ decision: RetentionPlan.Decision? = nil) -> DumpReport {
    DumpReport(
      entry, createdAt: createdAt, verification: verification, trouble: trouble,
      decision: decision.map { .init(isKept: $0.isKept, reasons: $0.reasons.map(\.description)) })
  }
}
