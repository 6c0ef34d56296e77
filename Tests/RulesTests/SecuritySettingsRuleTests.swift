import DocumentStore
import JSON
import Model
import Rules
import Testing

@Suite("Changes of the security settings")
struct SecuritySettingsRuleTests {
  private let settings = SecuritySettings(
    document: SecuritySettings.Defaults(
      enableAutoSave: false, autoSaveFrequencySeconds: 900, dumpPath: "/d/x.bin", allowLocalhostBypass: true
    ).document)

  private func change(_ changes: JSONObject) throws(RuleViolation) -> SecuritySettings {
    try settings.changed(by: changes) { _ in
      ClientAddress(address: NetworkAddress("1.2.3.4"), isDirectLoopback: false)
    }
  }

  @Test("are refused when they lock their author out, or hold no addresses")
  func authors() throws {
    let lockout = #expect(throws: RuleViolation.self) { try change(["ip_whitelist": ["10.0.0.0/8"]]) }
    #expect(lockout?.code == "SEC012")
    #expect(lockout?.reason.contains("1.2.3.4") == true)
    let fault = #expect(throws: RuleViolation.self) { try change(["ip_blacklist": ["10.0.0.0/99"]]) }
    #expect(fault?.code == "VAL001")
    #expect(fault?.reason.contains("ip_blacklist") == true)
    let good = try change(["ip_whitelist": ["1.2.3.0/24"], "auto_save_frequency_seconds": 60])
    #expect(good.autoSaveFrequency == 60)
  }

  @Test("judge the author by the proxies that they trust")
  func proxies() throws {
    var trusted: [Int] = []
    _ = try settings.changed(by: ["trust_x_forwarded_for": true, "xff_trusted_proxies": ["10.0.0.1", "10.0.0.2"]]) {
      trusted.append($0.count)
      return ClientAddress(address: nil, isDirectLoopback: false)
    }
    #expect(trusted == [2])
  }

  @Test("keep unknown fields and the _id of the saved document")
  func unknownFields() throws {
    let store = DocumentStore(schemas: Collections.schemas)
    try store.write { (transaction) throws(StoreError) in
      try transaction.insert(
        ["_id": "s", "type": "security_settings", "unknown": [1]], into: Collections.settings)
    }
    let changed = try change(["enable_auto_save": true])
    try store.write { (transaction) throws(RuleViolation) in try changed.save(in: &transaction) }
    let saved = try #require(store.snapshot().first(in: Collections.settings, .everything)?.object)
    #expect(saved["_id"] == "s")
    #expect(saved["unknown"] == [1])
    #expect(saved["enable_auto_save"] == true)
    #expect(store.snapshot().count(in: Collections.settings) == 1)
  }
}
