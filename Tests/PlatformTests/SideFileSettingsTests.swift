import JSON
import Platform
import Testing

@Suite("Doorman's side file")
struct SideFileSettingsTests {
  @Test("gives the security settings that it names, without nulls and unknown fields")
  func settings() throws {
    let file = try SideFile(
      Array(#"{"enable_auto_save": true, "dump_path": null, "type": "other", "unknown": 1}"#.utf8))
    #expect(JSONValue.object(file.settings) == ["enable_auto_save": true])
  }
}
