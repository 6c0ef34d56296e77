import DocumentStore
import JSON
import Model
import Rules
import Testing

private typealias Breakage = (inout Transaction) throws -> Int

@Suite("The sidecar's account")
struct SidecarAccountTests {
  private let account = SidecarAccount(username: "sidecar-1")

  private func repair(_ test: RuleTest, password: JSONValue? = nil) throws {
    let account = account
    try test.change { try account.createOrRepair(in: &$0, password: password) }
  }

  @Test("is created with a role that may ask for dumps and nothing else")
  func creation() throws {
    let test = try RuleTest()
    #expect(!account.isUsable(in: test.store.snapshot()))
    try repair(test, password: "hash")
    #expect(account.isUsable(in: test.store.snapshot()))
    #expect(account.password(in: test.store.snapshot()) == "hash")
    #expect(RoleRecord(try test.document(Collections.roles)).permissions == [.manageSecurity])
    let before = test.store.snapshot().sequence
    try repair(test)
    #expect(test.store.snapshot().sequence == before)
  }

  @Test("is made usable again after whatever made it unusable")
  func repairs() throws {
    for breakage in [
      {
        try $0.setting(["active": false], in: Collections.users, .everything)
      },
      {
        try $0.setting(["manage_security": false], in: Collections.roles, .everything)
      },
      { $0.delete(from: Collections.roles, .everything) },
      {
        try Revocations.revokeAll(of: "sidecar-1", in: &$0)
        return 1
      },
    ] as [Breakage] {
      let test = try RuleTest()
      try repair(test, password: "hash")
      try test.change(breakage)
      #expect(!account.isUsable(in: test.store.snapshot()))
      try repair(test)
      #expect(account.isUsable(in: test.store.snapshot()))
      #expect(account.password(in: test.store.snapshot()) == "hash")
    }
  }

  @Test("never takes over another user")
  func taken() throws {
    let test = try RuleTest([(Collections.users, ["username": "sidecar-1", "role": "dev"])])
    #expect(account.isTaken(in: test.store.snapshot()))
    let roleless = try RuleTest([(Collections.users, ["username": "sidecar-1"])])
    #expect(account.isTaken(in: roleless.store.snapshot()))
    let own = try RuleTest([(Collections.users, ["username": "sidecar-1", "role": "sidecar"])])
    #expect(!account.isTaken(in: own.store.snapshot()))
    #expect(!account.isTaken(in: try RuleTest().store.snapshot()))
  }
}
