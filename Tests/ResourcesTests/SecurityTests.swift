import DocumentStore
import JSON
import Resources
import Testing

@Suite("Addresses")
struct AddressTests {
  @Test(
    "are in a range, or not",
    arguments: [
      ("10.0.0.0/8", "10.255.1.2", true), ("10.0.0.0/8", "11.0.0.1", false), ("192.168.1.7", "192.168.1.7", true),
      ("192.168.1.7", "192.168.1.8", false), ("192.168.1.0/25", "192.168.1.128", false), ("0.0.0.0/0", "1.2.3.4", true),
      ("0.0.0.0/0", "::1", false), ("2001:db8::/33", "2001:db8:7fff::1", true),
      ("2001:db8::/33", "2001:db8:8000::1", false),
      ("10.0.0.0/8", "::ffff:10.1.2.3", true),
    ])
  func ranges(range: String, address: String, isInside: Bool) throws {
    let range = try #require(AddressRange(range))
    #expect(range.contains(try #require(NetworkAddress(address))) == isInside)
  }

  @Test(
    "that are none are refused",
    arguments: [
      "", "10.0.0", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8/8", "::/129", "host", "1.2.3.4 ", "10.0.0.0/+8",
      "10.0.0.0/-0", "10.0.0.0/\u{301}8", "10.0.0.0\u{301}/8", "1.2.3.4\u{0}x", "1.2.3.4\u{301}", "/8",
    ])
  func refused(text: String) {
    #expect(AddressRange(text) == nil)
  }

  @Test("of a caller are the socket's unless a trusted proxy speaks for it")
  func forwarding() throws {
    let proxies = try [#require(AddressRange("10.0.0.0/8"))]
    let address = { (socket: String, hops: [String]) in
      Caller(socket: NetworkAddress(socket), forwardedFor: hops, isForwarded: !hops.isEmpty).address(trusting: proxies)?
        .description
    }
    #expect(address("1.2.3.4", ["9.9.9.9"]) == "1.2.3.4")
    #expect(address("10.0.0.1", ["9.9.9.9"]) == "9.9.9.9")
    // What stands left of the first address that is no proxy can be made up by the caller.
    #expect(address("10.0.0.1", ["6.6.6.6", "9.9.9.9", "10.0.0.2"]) == "9.9.9.9")
    #expect(address("10.0.0.1", ["nonsense"]) == "10.0.0.1")
    #expect(address("10.0.0.1", []) == "10.0.0.1")
  }
}

@Suite("Security settings")
struct SecuritySettingsTests {
  private let defaults = SecuritySettings.Defaults(
    enableAutoSave: false, autoSaveFrequencySeconds: 900, dumpPath: "/d/x.bin", allowLocalhostBypass: true)

  private func settings(_ fields: JSONObject) -> SecuritySettings {
    SecuritySettings(document: defaults.document.merging(fields))
  }

  private func caller(_ address: String, forwarded: Bool = false) -> Caller {
    Caller(socket: NetworkAddress(address), forwardedFor: [], isForwarded: forwarded)
  }

  private func code(_ settings: SecuritySettings, _ caller: Caller) -> String? {
    do {
      try settings.check(caller)
      return nil
    } catch {
      return error.code
    }
  }

  @Test("let in whom the lists let in")
  func lists() {
    let allowing = settings(["ip_whitelist": ["10.0.0.0/8"], "ip_blacklist": ["10.6.6.6"]])
    #expect(code(allowing, caller("10.1.1.1")) == nil)
    #expect(code(allowing, caller("11.1.1.1")) == "SEC010")
    #expect(code(allowing, caller("10.6.6.6")) == "SEC011")
    #expect(code(allowing, caller("127.0.0.1")) == nil)
    #expect(code(allowing, caller("127.0.0.1", forwarded: true)) == "SEC010")
    #expect(
      code(settings(["ip_whitelist": ["10.0.0.0/8"], "allow_localhost_bypass": false]), caller("127.0.0.1")) == "SEC010"
    )
  }

  @Test("are refused when they lock their author out, or hold what is no address")
  func authors() throws {
    let change = { (fields: JSONValue, caller: Caller) throws in
      try settings([:]).changed(by: SecuritySettings.body.check(fields), caller: caller)
    }
    #expect { try change(["ip_whitelist": ["10.0.0.0/8"]], caller("1.2.3.4")) } throws: { error in
      (error as? Refusal)?.status == 400 && "\(error)".contains("1.2.3.4")
    }
    #expect { try change(["ip_blacklist": ["10.0.0.0/99"]], caller("1.2.3.4")) } throws: {
      ($0 as? Refusal)?.status == 422
    }
    let good = try change(["ip_whitelist": ["1.2.3.0/24"], "auto_save_frequency_seconds": 60], caller("1.2.3.4"))
    #expect(good.autoSaveFrequency == 60)
  }

  @Test("of a restored dump that can't be read let nobody in, and are named")
  func unreadable() throws {
    for list in [["garbage"], ["10.0.0.0/\u{301}8"], [7], "10.0.0.0/8 "] as [JSONValue] {
      let broken = settings(["ip_whitelist": list])
      #expect(code(broken, caller("10.1.1.1")) == "SEC010")
      #expect(broken.warnings.count == 1)
      #expect(broken.warnings.first?.contains("ip_whitelist") == true)
    }
    let partly = settings([
      "ip_whitelist": ["garbage", "10.0.0.0/8"], "ip_blacklist": ["x"], "xff_trusted_proxies": [["y"]],
    ])
    #expect(code(partly, caller("10.1.1.1")) == nil)
    #expect(partly.warnings.count == 3)
    #expect(settings(["ip_whitelist": .null]).warnings == [])
    let odd = settings(["enable_auto_save": "true", "auto_save_frequency_seconds": "300"])
    #expect(!odd.autoSaveEnabled)
    #expect(odd.warnings.map { $0.prefix { $0 != " " } } == ["enable_auto_save", "auto_save_frequency_seconds"])
    #expect(settings(["auto_save_frequency_seconds": 7]).warnings.count == 1)
    #expect(code(settings(["ip_whitelist": "10.0.0.0/8"]), caller("10.1.1.1")) == nil)
  }

  @Test("take the peer's side file only where the store has none")
  func sideFile() throws {
    let side = SecuritySettings.Defaults(
      enableAutoSave: false, autoSaveFrequencySeconds: 900, dumpPath: "/d/x.bin", allowLocalhostBypass: true,
      sideFile: try SideFile(
        Array(#"{"enable_auto_save": true, "dump_path": null, "type": "other", "unknown": 1}"#.utf8)))
    let store = DocumentStore(schemas: Collections.schemas)
    #expect(SecuritySettings(in: store.snapshot(), defaults: side).autoSaveEnabled)
    #expect(side.document["type"] == "security_settings")
    #expect(side.document["dump_path"] == "/d/x.bin")
    try store.write { (tx) throws(Refusal) in try settings([:]).store(in: &tx) }
    #expect(!SecuritySettings(in: store.snapshot(), defaults: side).autoSaveEnabled)
  }
}
