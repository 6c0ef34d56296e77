import DumpDirectory
import JSON
import Retention

/// Dumps with what is known of them and what the rules make of them, as `list` and `prune` show them.
struct DumpTable: Sendable {
  private let location: DumpLocation
  private let rows: [(dump: KnownDump, decision: RetentionPlan.Decision)]
  private let leftAlone: LeftAlone

  init(_ dumps: [KnownDump], _ plan: RetentionPlan, _ leftAlone: LeftAlone, in location: DumpLocation) {
    self.location = location
    self.leftAlone = leftAlone
    rows = Array(zip(dumps, plan.decisions))
  }

  var json: JSONObject {
    [
      "directory": .string(location.directory),
      "dumps": .array(
        rows.map { row in
          [
            "name": .string(row.dump.name),
            "created_at": .string(row.dump.createdAt),
            "bytes": .integer(row.dump.entry.bytes),
            "format": row.dump.verification?.good.map { .string($0.format) } ?? .null,
            "documents": row.dump.verification?.good.map { .integer($0.documents) } ?? .null,
            "verified": Self.verified(row.dump),
            "error": Self.error(row.dump).map { .string($0) } ?? .null,
            "keep": .bool(row.decision.isKept),
            "reasons": .strings(row.decision.reasons.map(\.description)),
          ]
        }),
      "passed_over": .array(leftAlone.impostors.map { ["name": .string($0.name), "kind": .string($0.kind)] }),
      "left_alone": .strings(leftAlone.others),
    ]
  }

  var text: String {
    let passedOver = leftAlone.impostors.map { "passed over  \($0.name): it is \($0.kind)" }
    let others = leftAlone.others.map { "left alone   \($0): it is no dump of '\(location.stem)' by its name" }
    guard !rows.isEmpty else {
      return (["no dumps in \(location.directory)"] + passedOver + others).joined(separator: "\n")
    }
    let width = rows.map(\.dump.name.count).max() ?? 0
    let lines = rows.map { row in
      let dump = row.dump
      let name = dump.name + String(repeating: " ", count: width - dump.name.count)
      let state =
        switch dump.verification {
        case .good(let good)?: "verified    \(good.documents) documents"
        case .damaged?: "DAMAGED    "
        case .unopened?: "NOT OPENED "
        case nil: "unverified "
        }
      let verdict = row.decision.isKept ? "keep" : "remove"
      let reasons = row.decision.reasons.map(\.description).joined(separator: ", ")
      let error = Self.error(dump).map { "\n      \($0)" } ?? ""
      return "\(name)  \(dump.entry.bytes) bytes  \(state)  \(verdict): \(reasons)\(error)"
    }
    return
      (["\(rows.count) dump\(rows.count == 1 ? "" : "s") in \(location.directory), newest first"] + lines
      + passedOver + others)
      .joined(separator: "\n")
  }

  private static func verified(_ dump: KnownDump) -> JSONValue {
    switch dump.verification {
    case .good?: true
    case .damaged?, .unopened?: false
    case nil: .null
    }
  }

  private static func error(_ dump: KnownDump) -> String? {
    dump.verification?.fault ?? dump.readFault
  }
}
