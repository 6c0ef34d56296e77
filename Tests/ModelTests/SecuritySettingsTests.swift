import DocumentStore
import JSON
import Model
import Testing

@Suite("Security settings")
struct SecuritySettingsTests {
  private let defaults = SecuritySettings.Defaults(
    enableAutoSave: false, autoSaveFrequencySeconds: 900, dumpPath: "/d/x.bin", allowLocalhostBypass: true)

  private func settings(_ fields: JSONObject) -> SecuritySettings {
    SecuritySettings(document: defaults.document.merging(fields))
  }

  private func verdict(
    _ settings: SecuritySettings, _ address: String, forwarded: Bool = false
  ) -> AddressPolicy.Verdict {
    let address = NetworkAddress(address)
    return settings.addresses.verdict(
      on: ClientAddress(address: address, isDirectLoopback: address?.isLoopback == true && !forwarded))
  }

  @Test("let in the addresses that their lists allow")
  func lists() {
    let allowing = settings(["ip_whitelist": ["10.0.0.0/8"], "ip_blacklist": ["10.6.6.6"]])
    #expect(verdict(allowing, "10.1.1.1") == .allowed)
    #expect(verdict(allowing, "11.1.1.1") == .notInAllowList)
    #expect(verdict(allowing, "10.6.6.6") == .inDenyList)
    #expect(verdict(allowing, "127.0.0.1") == .allowed)
    #expect(verdict(allowing, "127.0.0.1", forwarded: true) == .notInAllowList)
    let strict = settings(["ip_whitelist": ["10.0.0.0/8"], "allow_localhost_bypass": false])
    #expect(verdict(strict, "127.0.0.1") == .notInAllowList)
  }

  @Test("trust proxies only when the header is trusted at all")
  func proxies() {
    let proxies: JSONObject = ["xff_trusted_proxies": ["10.0.0.1"]]
    #expect(settings(proxies).addresses.trustedProxies.isEmpty)
    #expect(settings(proxies.merging(["trust_x_forwarded_for": true])).addresses.trustedProxies.count == 1)
    #expect(settings(["trust_x_forwarded_for": true]).warnings.count == 1)
  }

  @Test("of a restored dump that can't be read let nobody in, and are named")
  func unreadable() throws {
    for list in [["garbage"], ["10.0.0.0/\u{301}8"], [7], "10.0.0.0/8 "] as [JSONValue] {
      let broken = settings(["ip_whitelist": list])
      #expect(verdict(broken, "10.1.1.1") == .notInAllowList)
      #expect(broken.warnings.count == 1)
      #expect(broken.warnings.first?.contains("ip_whitelist") == true)
    }
    let partly = settings([
      "ip_whitelist": ["garbage", "10.0.0.0/8"], "ip_blacklist": ["x"], "xff_trusted_proxies": [["y"]],
    ])
    #expect(verdict(partly, "10.1.1.1") == .allowed)
    #expect(partly.warnings.count == 3)
    #expect(settings(["ip_whitelist": .null]).warnings == [])
    let odd = settings(["enable_auto_save": "true", "auto_save_frequency_seconds": "300"])
    #expect(!odd.autoSaveEnabled)
    #expect(odd.autoSaveFrequency == 900)
    #expect(odd.warnings.map { $0.prefix { $0 != " " } } == ["enable_auto_save", "auto_save_frequency_seconds"])
    #expect(settings(["auto_save_frequency_seconds": 7]).warnings.count == 1)
    #expect(settings(["auto_save_frequency_seconds": 7]).autoSaveFrequency == 60)
    #expect(verdict(settings(["ip_whitelist": "10.0.0.0/8"]), "10.1.1.1") == .allowed)
  }

  @Test("take Doorman's side file only where the store has none")
  func sideFile() throws {
    let side = SecuritySettings.Defaults(
      enableAutoSave: false, autoSaveFrequencySeconds: 900, dumpPath: "/d/x.bin", allowLocalhostBypass: true,
      sideFile: ["enable_auto_save": true])
    let store = DocumentStore(schemas: Collections.schemas)
    #expect(SecuritySettings(in: store.snapshot(), defaults: side).autoSaveEnabled)
    #expect(side.document["type"] == "security_settings")
    #expect(side.document["dump_path"] == "/d/x.bin")
    let saved = settings([:]).document
    try store.write { (transaction) throws(StoreError) in try transaction.insert(saved, into: Collections.settings) }
    #expect(!SecuritySettings(in: store.snapshot(), defaults: side).autoSaveEnabled)
  }
}
