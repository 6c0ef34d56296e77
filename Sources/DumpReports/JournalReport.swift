import Clocks
package import DumpDirectory
package import DumpFormat
package import JSON

/// A journal with what is known of it, as the commands of both programs report it.
package struct JournalReport: Sendable {
  /// The file.
  package let entry: JournalEntry
  /// The file's size.
  package let bytes: Int
  /// The authentic header, or `nil` when it can't be read.
  package let header: JournalHeader?
  /// The result of verification, or `nil` while the journal is not verified or can't be read.
  package let verification: Verification<GoodJournal>?
  /// Why the journal can't be read.
  package let trouble: String?
  /// `nil` where no retention rules are known.
  package let decision: DumpReport.Decision?

  /// A report of these values.
  package init(
    _ entry: JournalEntry, bytes: Int, header: JournalHeader?, verification: Verification<GoodJournal>? = nil,
    trouble: String? = nil, decision: DumpReport.Decision? = nil
  ) {
    self.entry = entry
    self.bytes = bytes
    self.header = header
    self.verification = verification
    self.trouble = trouble
    self.decision = decision
  }

  /// Why the journal is not good, or can't be read; `nil` when nothing is wrong with it as far as is known.
  package var error: String? { verification?.fault ?? trouble }

  /// The words for a journal that is not good.
  var reason: String { error ?? "it is not read" }

  /// One object of a list.
  package var json: JSONValue {
    let good = verification?.good
    let verified: JSONValue =
      switch verification {
      case .good?: true
      case .damaged?, .unopened?: false
      case nil: .null
      }
    return .object([
      "name": .string(entry.name), "path": .string(entry.path), "bytes": .integer(bytes),
      "epoch": .integer(entry.number.epoch), "sequence": .integer(entry.number.sequence),
      "created_at": text(header?.createdAt), "writer": text(header?.writer), "verified": verified,
      "commits": number(good?.commits), "first_commit_at": text(good?.first.map(Self.time)),
      "last_commit_at": text(good?.last.map(Self.time)),
      "closed": good?.isClosed == true ? true : good == nil ? .null : false,
      "torn_bytes": number(good?.torn), "error": text(error),
      "keep": decision?.isKept == true ? true : decision == nil ? .null : false,
      "reasons": .strings(decision?.reasons ?? []),
    ])
  }

  /// A commit's time in RFC 3339.
  static func time(_ microseconds: Int) -> String { CivilTime.extended(unixMicroseconds: microseconds) }

  private func text(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }

  private func number(_ value: Int?) -> JSONValue { value.map { .integer($0) } ?? .null }

  /// The line of `verify` for a terminal.
  package var verifiedLine: String {
    switch verification {
    case .good(let good)?: "good  \(entry.path)  \(good.commits) commits\(good.torn > 0 ? ", a write was cut off" : "")"
    case .damaged(let reason)?, .unopened(let reason)?: "BAD   \(entry.path): \(reason)"
    case nil: "?     \(entry.path): \(reason)"
    }
  }

  /// One line for a terminal.
  ///
  /// - Parameter width: characters of the longest name.
  package func line(width: Int = 0) -> String {
    let name = entry.name + String(repeating: " ", count: max(0, width - entry.name.count))
    let state =
      switch verification {
      case .good(let good)?: "verified    \(good.commits) commits"
      case .damaged?: "DAMAGED"
      case .unopened?: "NOT OPENED"
      case nil: trouble != nil ? "NOT READ" : "unverified"
      }
    let decision = decision.map { "  \($0.isKept ? "keep" : "remove"): \($0.reasons.joined(separator: ", "))" }
    let error = error.map { "\n      \($0)" }
    return "\(name)  \(header?.createdAt ?? "no time")  \(bytes) bytes  \(state)"
      + [decision, error].compactMap(\.self).joined()
  }
}
