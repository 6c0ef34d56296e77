import Clocks
import DumpDirectory
import DumpReports
import Retention

/// A dump of the volume, with what is known of it.
struct KnownDump: Sendable {
  let entry: DumpEntry
  /// The identity of the file, or `nil` when its attributes could not be read.
  let identity: FileIdentity?
  /// The result of verification, or `nil` when the dump is not verified yet or can't be read at the moment.
  var verification: Verification<GoodDump>?
  /// Why it can't be read at the moment.
  var readFault: String?

  var name: String { entry.name }
  var isGood: Bool { verification?.good != nil }

  /// RFC 3339: the time in the dump's header if that is one, else the time in its name, else empty.
  var createdAt: String {
    verification?.good.map(\.createdAt).flatMap { CivilTime.unixSeconds(of: $0) == nil ? nil : $0 } ?? entry.createdAt
  }

  /// Unix seconds, or 0 when neither header nor name holds a time, as in a file outside the dump directory.
  var createdSeconds: Int { CivilTime.unixSeconds(of: createdAt) ?? 0 }

  /// The dump as the retention rules see it.
  ///
  /// - Parameter isAccepted: whether `ShrinkGuard` never flags it.
  func judged(isAccepted: Bool) -> JudgedDump {
    let verdict: JudgedDump.Verdict =
      switch verification {
      case .good(let good)?: .good(documents: good.documents)
      case .damaged?: .damaged
      case .unopened?: .unopened
      case nil: .unverified
      }
    return JudgedDump(
      name: name, createdAt: createdSeconds, bytes: entry.bytes, verdict: verdict, isAccepted: isAccepted)
  }

  /// The dump as commands report it.
  ///
  /// - Parameter decision: what the retention rules decide for it, or `nil` where no rules apply.
  func report(_ decision: RetentionPlan.Decision? = nil) -> DumpReport {
    DumpReport(
      entry, createdAt: createdAt, verification: verification, trouble: readFault,
      decision: decision.map { .init(isKept: $0.isKept, reasons: $0.reasons.map(\.description)) })
  }
}
