import DumpDirectory
import DumpFormat
package import JSON

/// The output of `journal verify`: one line a journal with what to do about a fault, and then the chain.
package struct JournalCheck {
  private let reports: [(report: JournalReport, follows: JournalFollows?)]
  /// `nil` when only single files were verified.
  private let chain: JournalChainVerdict?
  private let directory: String

  /// A check of journals.
  ///
  /// - Parameter chain: `nil` when single files were verified.
  package init(
    _ reports: [(report: JournalReport, follows: JournalFollows?)], chain: JournalChainVerdict?, in directory: String
  ) {
    self.reports = reports
    self.chain = chain
    self.directory = directory
  }

  /// How all of them are together.
  package var outcome: VerificationList.Outcome {
    if reports.contains(where: { $0.report.verification?.fault != nil }) { return .bad }
    switch chain {
    case .broken?, .unknown(_, isBad: true)?: return .bad
    case .unknown(_, isBad: false)?: return .unreadable
    case .whole?, nil: break
    }
    return reports.allSatisfy { $0.report.verification?.good != nil } ? .allGood : .unreadable
  }

  /// The object that `--json` prints.
  package var json: JSONObject {
    var object: JSONObject = [
      "journals": .array(
        reports.map { report, follows in
          guard var object = report.json(follows: follows).object else { return .null }
          object["state"] = .string(state(of: report).rawValue)
          object["advice"] = .text(advice(on: report))
          return .object(object)
        })
    ]
    object["chain"] =
      switch chain {
      case .whole(let dump, let journals)?:
        [
          "whole": true, "dump": .text(dump),
          "journals": .strings(journals.map(\.description)), "error": .null, "advice": .null,
        ]
      case .broken(let reason)?: Self.fault(whole: false, reason, advice: Self.gapAdvice)
      case .unknown(let reason, _)?: Self.fault(whole: .null, reason, advice: Self.unknownAdvice)
      case nil: .null
      }
    return object
  }

  private static func fault(whole: JSONValue, _ reason: String, advice: String) -> JSONValue {
    [
      "whole": whole, "dump": .null, "journals": [], "error": .string(reason), "advice": .string(advice),
    ]
  }

  /// Lines for a terminal.
  package var text: String {
    let isEmpty = reports.isEmpty && chain != nil
    let journals = isEmpty ? ["no journals in \(directory)"] : reports.flatMap { lines(of: $0.report) }
    return (journals + chainLines).map(TerminalText.line).joined(separator: "\n")
  }

  private func lines(of report: JournalReport) -> [String] {
    let mark =
      switch state(of: report) {
      case .closed, .open, .torn: "good  \(report.entry.path)  \(report.contents)"
      case .damaged, .unopened: "BAD   \(report.entry.path): \(report.reason)"
      case .unreadable: "?     \(report.entry.path): \(report.reason)"
      }
    return [mark] + [advice(on: report)].compactMap { $0.map { "      \($0)" } }
  }

  private var chainLines: [String] {
    switch chain {
    case nil: return []
    case .whole(nil, let journals)? where journals.isEmpty: return []
    case .whole(let dump, let journals)?:
      let start = dump ?? "an empty state"
      return [
        "chain  a start restores \(start)"
          + (journals.isEmpty
            ? "; no journal follows it" : ", then \(journals.map(\.description).joined(separator: ", "))")
      ]
    case .broken(let reason)?: return ["GAP    \(reason)", "      \(Self.gapAdvice)"]
    case .unknown(let reason, _)?:
      return ["?      the chain can't be followed: \(reason)", "      \(Self.unknownAdvice)"]
    }
  }
}

// MARK: - States and advice

extension JournalCheck {
  /// The state of a journal's file.
  enum State: String {
    /// It is whole, and its writer closed it.
    case closed
    /// It ends behind a whole commit. Its writer may still add to it, or crashed.
    case open
    /// A write at its end is not whole: it is under way, or a crash cut it off. With MEM_JOURNAL=always none of its
    /// changes was acknowledged.
    case torn
    /// Bytes were changed or are missing before its end.
    case damaged
    /// No key decrypts it, or a newer program wrote it.
    case unopened
    /// The volume did not give its bytes.
    case unreadable
  }

  func state(of report: JournalReport) -> State {
    switch report.verification {
    case .good(let good)?: good.isClosed ? .closed : good.torn > 0 ? .torn : .open
    case .damaged?: .damaged
    case .unopened?: .unopened
    case nil: .unreadable
    }
  }

  /// The remedy for a journal, or `nil` when there is nothing to do.
  func advice(on report: JournalReport) -> String? {
    switch state(of: report) {
    case .closed, .open: nil
    case .torn:
      "nothing to do: a start leaves an unfinished write out. With MEM_JOURNAL=always none of its changes was acknowledged"
    case .damaged:
      isNeeded(report) == false
        ? "no start needs it, since newer dumps hold its changes; only a restore to a time within it fails"
        : "a start refuses. If the gateway runs, ask it for a dump, which then holds the changes. If not, bring the file back from a copy; MEM_ALLOW_OLDER_START=true starts without the changes behind the damage"
    case .unopened:
      "set the key that it was written with in MEM_ENCRYPTION_KEYS_OLD, or use the newer program; the file may be good"
    case .unreadable: "check the mount of the volume and the permissions, then verify again"
    }
  }

  /// Whether a start reads the journal, or `nil` when that is not known.
  private func isNeeded(_ report: JournalReport) -> Bool? {
    guard case .whole(_, let journals)? = chain else { return nil }
    return journals.contains(report.entry.number)
  }

  private static let gapAdvice =
    "a start refuses. If the gateway runs, ask it for a dump. If not, bring the missing file back from trash/ or a copy; MEM_ALLOW_OLDER_START=true starts without the changes behind the gap"
  private static let unknownAdvice =
    "see what `gatehouse dump verify` says of the dumps, and mend that first"
}
