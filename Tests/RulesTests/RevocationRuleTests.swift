import DocumentStore
import JSON
import Model
import Rules
import Testing

@Suite("Rules of revocations")
struct RevocationRuleTests {
  @Test("all tokens of a user are revoked once, until they are no longer")
  func users() throws {
    let test = try RuleTest()
    for _ in 0..<2 {
      try test.change { try Revocations.revokeAll(of: "u", in: &$0) }
    }
    #expect(test.count(Collections.revocations) == 1)
    #expect(RevocationTable.isRevoked(username: "u", in: test.store.snapshot()))
    #expect(!RevocationTable.isRevoked(username: "v", in: test.store.snapshot()))
    try test.change { Revocations.unrevokeAll(of: "u", in: &$0) }
    #expect(test.count(Collections.revocations) == 0)
  }

  @Test("revocations of tokens that have expired are deleted, others stay")
  func expiry() throws {
    let test = try RuleTest([
      (Collections.revocations, ["type": "revoke_all", "username": "u"]),
      (Collections.revocations, ["type": "jti", "jti": "timeless", "username": "u"]),
    ])
    for (token, expiry) in [("old", 99), ("now", 100), ("new", 101)] {
      try test.change {
        try Revocations.revoke(tokenID: token, of: "u", expiry: expiry, in: &$0)
      }
    }
    try test.change { Revocations.deleteExpired(now: 100, in: &$0) }
    let left = test.store.snapshot().find(in: Collections.revocations, .everything).compactMap { $0.string("jti") }
    #expect(left == ["timeless", "now", "new"])
    #expect(RevocationTable.isRevoked(username: "u", in: test.store.snapshot()))
  }

  @Test("a restore keeps single tokens revoked that are, without doubles")
  func carryOver() throws {
    let before = try RuleTest([
      (Collections.revocations, ["_id": "1", "type": "jti", "jti": "both", "username": "u"]),
      (Collections.revocations, ["_id": "2", "type": "jti", "jti": "new", "username": "u"]),
      (Collections.revocations, ["_id": "3", "type": "revoke_all", "username": "v"]),
    ])
    let restored = try RuleTest([(Collections.revocations, ["_id": "2", "type": "jti", "jti": "both"])])
    try restored.change {
      try Revocations.carryOver(from: before.store.snapshot(), into: &$0)
    }
    let table = RevocationTable(in: restored.store.snapshot())
    #expect(table.isRevoked(username: "u", tokenID: "both") && table.isRevoked(username: "u", tokenID: "new"))
    #expect(!table.isRevoked(username: "v"))
    #expect(restored.count(Collections.revocations) == 2)
  }
}
