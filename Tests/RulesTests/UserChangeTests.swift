import DocumentStore
import JSON
import Model
import Rules
import Testing

@Suite("Changes that follow a change of a user")
struct UserChangeTests {
  private let bob = RuleTest.requester("bob", .manageUsers)

  private func test() throws -> RuleTest {
    try RuleTest([
      (Collections.users, ["username": "admin", "email": "r@x", "role": "admin"]),
      (Collections.users, ["username": "alice", "email": "a@x", "role": "dev", "unknown": 1]),
      (Collections.subscriptions, ["username": "alice", "apis": ["open/v1", "dev/v1", "gone/v1", "odd"]]),
      (Collections.apis, ["api_name": "open", "api_version": "v1", "api_allowed_roles": []]),
      (Collections.apis, ["api_name": "dev", "api_version": "v1", "api_allowed_roles": ["dev"]]),
      (Collections.userCredits, ["username": "alice"]), (Collections.userCredits, ["username": "other"]),
      (Collections.userTierAssignments, ["user_id": "alice"]),
    ])
  }

  @Test("a new name is also that of the subscriptions, and a new role ends those that it may not have")
  func updates() throws {
    let (test, bob) = (try test(), bob)
    let changes: JSONObject = ["username": "alicia", "role": "ops"]
    try test.change {
      try Users.update("alice", changes, password: "hash", by: bob, in: &$0)
    }
    let user = try test.document(Collections.users, .fields(["username": "alicia"]))
    #expect(user["role"] == "ops" && user["password"] == "hash" && user["unknown"] == 1)
    let subscriptions = try test.document(Collections.subscriptions)
    #expect(subscriptions["username"] == "alicia")
    #expect(subscriptions["apis"] == ["open/v1", "gone/v1", "odd"])
  }

  @Test("a change that a rule refuses changes nothing")
  func refused() throws {
    let (test, bob) = (try test(), bob)
    let before = test.store.snapshot().sequence
    let changes: JSONObject = ["username": "alicia", "email": "r@x"]
    #expect(
      test.code {
        try Users.update("alice", changes, password: nil, by: bob, in: &$0)
      } == "USR001")
    #expect(test.store.snapshot().sequence == before)
  }

  @Test("a deleted user takes what is its alone along")
  func deletion() throws {
    let (test, bob) = (try test(), bob)
    let delete = { (name: String, requester: Requester) -> String? in
      test.code { try Users.delete(name, by: requester, in: &$0) }
    }
    #expect(delete("alice", RuleTest.requester("alice")) == "USR007")
    #expect(delete("admin", bob) == "-")
    #expect(delete("admin", RuleTest.admin) == "USR021")
    #expect(delete("nobody", bob) == "USR002")
    #expect(delete("alice", bob) == nil)
    #expect(test.count(Collections.users) == 1)
    #expect(test.count(Collections.subscriptions) == 0 && test.count(Collections.userTierAssignments) == 0)
    #expect(try test.document(Collections.userCredits)["username"] == "other")
    try test.change {
      try $0.inserting(["username": "boss", "email": "b@x", "role": "admin"], into: Collections.users)
    }
    #expect(delete("boss", bob) == "USR014")
    #expect(delete("boss", RuleTest.admin) == nil)
  }

  @Test("a user is disabled and enabled, but the user 'admin' is never disabled")
  func activity() throws {
    let test = try test()
    let set = { (isActive: Bool, name: String) -> String? in
      test.code { try Users.setActive(isActive, name, in: &$0) }
    }
    #expect(set(false, "alice") == nil)
    #expect(UserRecord.find("alice", in: test.store.snapshot())?.isActive == false)
    #expect(set(true, "alice") == nil)
    #expect(UserRecord.find("alice", in: test.store.snapshot())?.isActive == true)
    #expect(set(false, "admin") == "USR004")
    #expect(set(true, "admin") == nil)
    #expect(set(true, "nobody") == "USR002")
    #expect(
      test.code { try Users.setPassword("nobody", to: "hash", in: &$0) } == "USR002")
  }
}
