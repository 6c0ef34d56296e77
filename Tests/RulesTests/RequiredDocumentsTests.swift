import DocumentStore
import JSON
import Model
import Rules
import Testing

@Suite("The documents that every store has")
struct RequiredDocumentsTests {
  private let required = RequiredDocuments(
    adminEmail: "root@example.com",
    settings: SecuritySettings.Defaults(
      enableAutoSave: true, autoSaveFrequencySeconds: 900, dumpPath: "/d/x.bin", allowLocalhostBypass: true))

  private func insert(into test: RuleTest, password: JSONValue? = nil) throws -> Bool {
    let required = required
    return try test.change {
      try required.insertMissing(in: &$0, adminPassword: password)
    }
  }

  @Test("are inserted into an empty store, and then stay as they are")
  func empty() throws {
    let test = try RuleTest()
    #expect(try insert(into: test))
    let admin = try test.document(Collections.users)
    #expect(admin["username"] == "admin" && admin["email"] == "root@example.com" && admin["password"] == .null)
    let role = try test.document(Collections.roles)
    #expect(role["manage_users"] == true && role["ui_access"] == true)
    // As Doorman has it.
    #expect(role["manage_tiers"] == nil && role["manage_rate_limits"] == nil)
    #expect(test.count(Collections.groups) == 2 && test.count(Collections.settings) == 1)
    let before = test.store.snapshot().sequence
    #expect(try insert(into: test))
    #expect(test.store.snapshot().sequence == before)
    #expect(try insert(into: test, password: "hash"))
    #expect(try test.document(Collections.users)["password"] == "hash")
  }

  @Test("are repaired in a restored store, without what is not theirs")
  func restored() throws {
    let test = try RuleTest([
      (
        Collections.users,
        ["username": "admin", "email": "old@x", "role": "dev", "active": false, "password": "p", "unknown": 1]
      ),
      (Collections.roles, ["role_name": "admin", "manage_users": false]),
      (Collections.settings, ["type": "security_settings", "enable_auto_save": false]),
    ])
    #expect(try insert(into: test))
    let admin = try test.document(Collections.users)
    #expect(admin["active"] == true && admin["role"] == "admin" && admin["email"] == "root@example.com")
    #expect(admin["password"] == "p" && admin["unknown"] == 1)
    #expect(try test.document(Collections.roles)["manage_users"] == false)
    #expect(try test.document(Collections.settings)["enable_auto_save"] == false)
  }

  @Test("leave an e-mail address to the user who has it")
  func takenEmail() throws {
    let other: JSONObject = ["username": "other", "email": "root@example.com"]
    let fresh = try RuleTest([(Collections.users, other)])
    #expect(try !insert(into: fresh))
    let admin = try fresh.document(Collections.users, .fields(["username": "admin"]))
    #expect(admin["email"] == "admin@localhost")
    let restored = try RuleTest([
      (Collections.users, other), (Collections.users, ["username": "admin", "email": "mine@x"]),
    ])
    #expect(try !insert(into: restored))
    #expect(try restored.document(Collections.users, .fields(["username": "admin"]))["email"] == "mine@x")
  }
}
