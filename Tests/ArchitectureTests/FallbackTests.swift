import Foundation
import Testing

/// Every `try?` and every `??` of the sources stands in `Fixtures/fallbacks.tsv`, with the reason why it hides no fault
/// from somebody who needs to know. A new one needs a line there: the expression as it stands in the source, a tab, and
/// the reason.
@Suite("The list of fallbacks")
struct FallbackTests {
  private struct Entry {
    let expression: String
    let reason: String
  }

  private static func entries() throws -> [Entry] {
    try Repository.text("Tests/ArchitectureTests/Fixtures/fallbacks.tsv").split(separator: "\n").map { line in
      let parts = line.split(separator: "\t", omittingEmptySubsequences: false)
      return Entry(expression: String(parts[0]), reason: parts.count == 2 ? String(parts[1]) : "")
    }
  }

  /// Lines of the sources that have a fallback, with where they stand.
  private static func lines() throws -> [(place: String, text: String)] {
    try Repository.files(below: "Sources", suffix: ".swift").flatMap { file in
      try Repository.text(file).split(separator: "\n", omittingEmptySubsequences: false).enumerated()
        .filter { hasFallback(String($0.element)) }
        .map { (place: "\(file):\($0.offset + 1)", text: String($0.element)) }
    }
  }

  private static func hasFallback(_ line: String) -> Bool {
    let code = line.trimmingCharacters(in: .whitespaces)
    return !code.hasPrefix("//") && code.contains(/\btry\?|\?\?/)
  }

  @Test("has every one, with its reason")
  func complete() throws {
    let entries = try Self.entries()
    for (place, text) in try Self.lines() where !entries.contains(where: { text.contains($0.expression) }) {
      Issue.record("not in fallbacks.tsv: \(place): \(text.trimmingCharacters(in: .whitespaces))")
    }
    for entry in entries where entry.reason.split(separator: " ").count < 4 {
      Issue.record("no reason for '\(entry.expression)'")
    }
  }

  @Test("has none that is gone, and none twice")
  func current() throws {
    let (entries, lines) = (try Self.entries(), try Self.lines())
    for entry in entries where !lines.contains(where: { $0.text.contains(entry.expression) }) {
      Issue.record("nothing in the sources has '\(entry.expression)'")
    }
    #expect(Set(entries.map(\.expression)).count == entries.count)
    #expect(entries.allSatisfy { Self.hasFallback($0.expression) }, "an expression has the fallback in it")
  }
}
