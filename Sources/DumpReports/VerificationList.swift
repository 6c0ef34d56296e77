import DumpDirectory
package import JSON

/// The output of `verify` in both programs: one line a dump or journal, and the result for all of them together.
package struct VerificationList: Sendable {
  /// The worst that was found.
  package enum Outcome: Sendable, Equatable {
    case allGood
    /// At least one can't be read, and nothing is known to be wrong with the others. It may be good.
    case unreadable
    /// At least one is damaged, or no key decrypts it.
    case bad
  }

  private let reports: [DumpReport]
  private let journals: [JournalReport]
  /// The dump directory, for the message that there is no dump.
  private let directory: String

  /// A list of reports.
  package init(_ reports: [DumpReport], journals: [JournalReport] = [], in directory: String) {
    self.reports = reports
    self.journals = journals
    self.directory = directory
  }

  /// How all of them are together.
  package var outcome: Outcome {
    if reports.contains(where: { $0.verification?.fault != nil }) { return .bad }
    if journals.contains(where: { $0.verification?.fault != nil }) { return .bad }
    return reports.allSatisfy { $0.verification?.good != nil } && journals.allSatisfy { $0.verification?.good != nil }
      ? .allGood : .unreadable
  }

  /// The object that `--json` prints.
  package var json: JSONObject {
    ["dumps": .array(reports.map(Self.object)), "journals": .array(journals.map(\.json))]
  }

  /// Lines for a terminal.
  package var text: String {
    let dumps = reports.isEmpty ? ["no dumps in \(directory)"] : reports.map(Self.line)
    return (dumps + journals.map(\.verifiedLine)).joined(separator: "\n")
  }

  private static func line(_ report: DumpReport) -> String {
    let path = report.entry.path
    return switch report.verification {
    case .good(let good)?: "good  \(path)  \(good.documents) documents of \(good.createdAt)"
    case .damaged(let reason)?, .unopened(let reason)?: "BAD   \(path): \(reason)"
    case nil: "?     \(path): \(report.reason)"
    }
  }

  private static func object(_ report: DumpReport) -> JSONValue {
    var object: JSONObject = [
      "name": .string(report.entry.name), "path": .string(report.entry.path), "bytes": .integer(report.entry.bytes),
      "verified": report.isVerified,
    ]
    if let good = report.verification?.good {
      for (key, value) in good.fields { object[key] = value }
    } else {
      object["error"] = .string(report.reason)
    }
    return .object(object)
  }
}
