package import DumpDirectory
package import JSON

/// The output of `list` in both programs: the dumps of a directory, newest first, and the journals, oldest first.
package struct DumpList: Sendable {
  private let location: DumpLocation
  private let reports: [DumpReport]
  private let journals: [JournalReport]
  private let leftAlone: LeftAlone
  private let knowsVerification: Bool

  /// A list of reports.
  ///
  /// - Parameter knowsVerification: whether the program remembers which dumps it verified. Otherwise the list says of a
  ///   dump that was not verified only that this program did not look.
  package init(
    _ reports: [DumpReport], journals: [JournalReport] = [], _ leftAlone: LeftAlone, in location: DumpLocation,
    knowsVerification: Bool
  ) {
    self.location = location
    self.knowsVerification = knowsVerification
    self.reports = reports
    self.journals = journals
    self.leftAlone = leftAlone
  }

  /// The object that `--json` prints.
  package var json: JSONObject {
    [
      "directory": .string(location.directory), "dumps": .array(reports.map(\.listed)),
      "passed_over": .array(leftAlone.impostors.map { ["name": .string($0.name), "kind": .string($0.kind)] }),
      "left_alone": .strings(leftAlone.others), "journals": .array(journals.map(\.json)),
    ]
  }

  /// Lines for a terminal.
  package var text: String {
    let count = reports.count
    let heading =
      count == 0
      ? "no dumps in \(location.directory)"
      : "\(count) dump\(count == 1 ? "" : "s") in \(location.directory), newest first"
    let width = reports.map(\.entry.name.count).max() ?? 0
    let journalWidth = journals.map(\.entry.name.count).max() ?? 0
    let journalHeading =
      journals.isEmpty ? [] : ["\(journals.count) journal\(journals.count == 1 ? "" : "s"), oldest first"]
    let passedOver = leftAlone.impostors.map { "passed over  \(TerminalText.line($0.name)): it is \($0.kind)" }
    let others = leftAlone.others.map {
      "left alone   \(TerminalText.line($0)): it is no dump of '\(location.stem)' by its name"
    }
    let lines = [heading] + reports.map { line($0, width: width) } + passedOver + others
    return (lines + journalHeading + journals.map { $0.line(width: journalWidth) }).joined(separator: "\n")
  }

  private func line(_ report: DumpReport, width: Int) -> String {
    let entry = report.entry
    let name = entry.name + String(repeating: " ", count: width - entry.name.count)
    let state =
      switch report.verification {
      case .good(let good)?: "verified    \(good.documents) documents"
      case .damaged?: "DAMAGED"
      case .unopened?: "NOT OPENED"
      case nil: report.trouble != nil ? "NOT READ" : knowsVerification ? "unverified" : "not verified here"
      }
    let decision = report.decision.map { decision in
      "  \(decision.isKept ? "keep" : "remove"): \(decision.reasons.joined(separator: ", "))"
    }
    let error = report.error.map { "\n      \($0)" }
    return "\(name)  \(report.createdAt)  \(entry.bytes) bytes  \(state)"
      + [decision, error].compactMap(\.self).joined()
  }
}
