import Clocks
import DumpDirectory
import DumpFormat
import DumpReports
import Retention

/// A journal of the volume, with what is known of it.
struct KnownJournal: Sendable {
  let entry: JournalEntry
  /// The identity of the file, or `nil` when its attributes could not be read.
  let identity: FileIdentity?
  /// The authentic header, or `nil` when the file was cut off in it, or can't be read.
  let header: JournalHeader?
  /// Whether a newer dump or journal shows that nothing is written to it any more.
  let isEnded: Bool
  /// The result of verification, or `nil` when the journal is not verified yet or can't be read at the moment.
  var verification: Verification<GoodJournal>?
  /// Why it can't be read at the moment.
  var readFault: String?

  var name: String { entry.name }
  var number: JournalNumber { entry.number }
  var bytes: Int { identity?.bytes ?? 0 }
  var isVerificationDue: Bool { isEnded && verification == nil }

  /// The journal as the retention rules see it.
  var judged: JudgedJournal {
    let verdict: JudgedJournal.Verdict =
      switch verification {
      case .damaged?: .damaged
      case .unopened?: .unopened
      case .good?, nil: .usable
      }
    return JudgedJournal(
      name: name, number: HistoryNumber(number), createdAt: (header?.createdAt).flatMap(CivilTime.unixSeconds),
      bytes: bytes, verdict: verdict)
  }

  /// The journal as commands report it.
  ///
  /// - Parameter decision: what the retention rules decide for it, or `nil` where no rules apply.
  func report(_ decision: RetentionPlan.Decision? = nil) -> JournalReport {
    JournalReport(
      entry, bytes: bytes, header: header, verification: verification, trouble: readFault,
      decision: decision.map { .init(isKept: $0.isKept, reasons: $0.reasons.map(\.description)) })
  }
}

extension HistoryNumber {
  init(_ number: JournalNumber) { self.init(epoch: number.epoch, sequence: number.sequence) }

  init(_ order: DumpOrder) { self.init(epoch: order.epoch, sequence: order.sequence) }
}
