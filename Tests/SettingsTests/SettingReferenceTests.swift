import Foundation
import Testing

@Suite("Pages and files that repeat settings")
struct SettingReferenceTests {
  private func text(_ path: String) throws -> String { try SettingReference.text(of: path) }

  @Test("have in docs/reference/configuration.md each setting as it is declared")
  func documentation() throws {
    let faults = SettingReference.documentationFaults(try text("docs/reference/configuration.md"))
    for fault in faults { Issue.record("configuration.md: \(fault)") }
  }

  @Test("would not pass in the page with a wrong default, a missing row or a setting that is gone")
  func documentationDrift() throws {
    let page = try text("docs/reference/configuration.md")
    let row = "| `MAX_PAGE_SIZE` | `200` |"
    let hasRow = page.contains(row)
    try #require(hasRow, "configuration.md lacks the row that this test changes: \(row)")
    for drift in [
      page.replacing(row, with: "| `MAX_PAGE_SIZE` | `300` |"), page.replacing(row, with: "| `PAGE_SIZE` | `200` |"),
      page.replacing(row, with: "| `GONE` | `1` | x | y |\n\(row)"), page.replacing("`LOG_FORMAT`, ", with: ""),
    ] { #expect(!SettingReference.documentationFaults(drift).isEmpty) }
  }

  @Test("give in compose.yaml only variables that the program reads")
  func compose() throws {
    let compose = try text("compose/compose.yaml")
    #expect(SettingReference.composeFaults(compose) == [])
    #expect(SettingReference.composeVariables(compose, of: "gatehouse-sidecar").count > 20)
    for drift in [
      compose.replacing("      TRASH_KEEP:", with: "      TRASH_TIME:"),
      compose.replacing("      HOST: 0.0.0.0", with: "      KEEP_LAST: 5"),
    ] { #expect(SettingReference.composeFaults(drift).count == 1) }
  }

  @Test("name in .env.example each variable that can be set there, with its default")
  func example() throws {
    let (example, compose) = (try text("compose/.env.example"), try text("compose/compose.yaml"))
    let faults = SettingReference.exampleFaults(example, compose: compose)
    for fault in faults { Issue.record("\(fault)") }
    guard faults.isEmpty else { return }
    for drift in [
      example.replacing("#MAX_PAGE_SIZE=200", with: "#MAX_PAGE_SIZE=201"),
      example.replacing("#MAX_PAGE_SIZE=200\n", with: ""), example + "#NOBODY_READS=1\n",
      example.replacing("#TRASH_KEEP=1d", with: "#TRASH_KEEP=2d"),
    ] { #expect(SettingReference.exampleFaults(drift, compose: compose).count == 1) }
    let drift = compose.replacing("MEM_AUTO_SAVE_FREQ:-300", with: "MEM_AUTO_SAVE_FREQ:-600")
    #expect(SettingReference.exampleFaults(example, compose: drift).count == 1)
  }

  @Test("give in ecs/ only variables that the program reads")
  func containers() throws {
    let containers = try text("ecs/containers.json")
    let faults = try SettingReference.containerFaults(containers)
    #expect(faults == [])
    for drift in [
      containers.replacing("\"DRAIN_DEADLINE\"", with: "\"DRAIN_LIMIT\""),
      containers.replacing("\"HTTPS_ONLY\"", with: "\"KEEP_LAST\""),
    ] { #expect(try SettingReference.containerFaults(drift).count == 1) }
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "ecs")
    let files = try #require(FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil))
    var count = 0
    for case let file as URL in files where ["json", "tf"].contains(file.pathExtension) {
      count += 1
      let strangers = SettingReference.strangers(in: try String(contentsOf: file, encoding: .utf8))
      #expect(strangers == [], "\(file)")
    }
    #expect(count > 20)
    #expect(SettingReference.strangers(in: "x MEM_DUMP_PATH \"KEEP_FIRST\"") == ["KEEP_FIRST"])
  }
}
