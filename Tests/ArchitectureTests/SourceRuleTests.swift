import Testing

@Suite("The rules for source files")
struct SourceRuleTests {
  private static let files =
    Repository.files(below: "Sources", suffix: ".swift") + Repository.files(below: "Tests", suffix: ".swift")

  @Test("hold in every file")
  func hold() throws {
    #expect(Self.files.count > 200)
    for file in Self.files {
      let text = try Repository.text(file)
      for rule in SourceRule.all {
        #expect(rule.faults(inText: text) == [], "\(file): \(rule.name)")
      }
    }
  }

  private static let samples: [(rule: SourceRule, broken: String, kept: String)] = [
    (.length, String(repeating: "let x = 1\n", count: 301), String(repeating: "let x = 1\n", count: 300)),
    (
      .documentationWidth, "  /// " + String(repeating: "x", count: 115), "  /// " + String(repeating: "x", count: 114)
    ),
    (.summaries, "  package var count: Int", "  /// The number of rows.\n  package var count: Int"),
    (.summaries, "@frozen package struct Row {", "/// One row.\n@frozen package struct Row {"),
    (.summaries, "\n@discardableResult\npackage func run()", "/// Runs.\n@discardableResult\npackage func run()"),
    (
      .summaries, "  package let port = 5001",
      "  package let port = Setting(\n  package let logs = LogSettings.declarations\n  package let limits = Limits()"
    ),
    (.summaries, "package init() {}", "package import JSON\npackage static func == (left: Self"),
    (.plainBeginnings, "/// Who asks while a dump is written", "/// A caller that asks\n/// Who is"),
    (.plainBeginnings, "  // What can't be read is tried again.", "  // An unreadable file is tried again."),
    (.plainBeginnings, "/// One.\n///\n/// Of the lease; 0 without one.", "/// The lease's epoch."),
  ]

  @Test("are broken by what breaks them, and by nothing else", arguments: samples.indices)
  func seeded(index: Int) {
    let (rule, broken, kept) = Self.samples[index]
    #expect(rule.faults(inText: broken).count == 1, "\(rule.name): \(broken.prefix(60))")
    #expect(rule.faults(inText: kept) == [], "\(rule.name): \(kept.prefix(60))")
  }
}
