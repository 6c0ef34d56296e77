import DumpDirectory
import DumpFormat
package import JSON

/// The output of `inspect`: when a dump was made, and how much it holds.
package struct DumpInspection: Sendable {
  private let report: DumpReport
  private let good: GoodDump

  /// - Returns: `nil` for a dump that is not verified as good.
  package init?(_ report: DumpReport) {
    guard let good = report.verification?.good else { return nil }
    self.report = report
    self.good = good
  }

  /// The object that `--json` prints.
  package var json: JSONObject {
    JSONObject(
      [
        ("name", .string(report.entry.name)), ("path", .string(report.entry.path)),
        ("bytes", .integer(report.entry.bytes)), ("verified", true),
        ("predecessor", .text(good.header.predecessor)),
      ] + good.fields)
  }

  /// Lines for a terminal.
  package var text: String {
    var lines = [
      "path        \(report.entry.path)", "format      \(good.format)", "created at  \(good.createdAt)",
      "bytes       \(report.entry.bytes)", "sha256      \(good.sha256)",
    ]
    if let predecessor = good.header.predecessor { lines.append("predecessor \(TerminalText.line(predecessor))") }
    lines.append("documents   \(good.documents)")
    lines += good.collections.map { "  \($0.name)  \($0.documents)" }
    return lines.joined(separator: "\n")
  }
}
