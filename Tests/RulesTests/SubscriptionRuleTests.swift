import DocumentStore
import JSON
import Model
import Rules
import Testing

@Suite("Rules of subscriptions")
struct SubscriptionRuleTests {
  private let bob = RuleTest.requester("bob", .manageSubscriptions)
  private let fields: JSONObject = ["username": "alice", "api_name": "a", "api_version": "v1"]

  private func test(userGroups: JSONValue = ["g"], apiGroups: JSONValue = ["f", "g"]) throws -> RuleTest {
    try RuleTest([
      (Collections.users, ["username": "alice", "email": "a@x", "groups": userGroups]),
      (Collections.users, ["username": "admin", "email": "r@x", "groups": ["g"]]),
      (
        Collections.apis,
        ["api_name": "a", "api_version": "v1", "api_allowed_groups": apiGroups, "api_description": "d"]
      ),
      (Collections.apis, ["api_name": "b/c", "api_version": "v1", "api_allowed_groups": ["g"]]),
    ])
  }

  @Test("a user subscribes once, and ends the subscription once")
  func lifetime() throws {
    let (test, bob, fields) = (try test(), bob, fields)
    #expect(
      test.code { try Subscriptions.unsubscribe(fields, by: bob, in: &$0) } == "SUB006")
    #expect(test.code { try Subscriptions.subscribe(fields, by: bob, in: &$0) } == nil)
    #expect(
      test.code { try Subscriptions.subscribe(fields, by: bob, in: &$0) } == "SUB004")
    let second = fields.merging(["api_name": "b/c"])
    #expect(test.code { try Subscriptions.subscribe(second, by: bob, in: &$0) } == nil)
    #expect(Subscriptions.apis(of: "alice", in: test.store.snapshot()) == ["a/v1", "b/c/v1"])
    #expect(test.code { try Subscriptions.unsubscribe(fields, by: bob, in: &$0) } == nil)
    #expect(Subscriptions.apis(of: "alice", in: test.store.snapshot()) == ["b/c/v1"])
    #expect(test.count(Collections.subscriptions) == 1)
  }

  @Test("user and API have to be there and to have a group in common")
  func conditions() throws {
    let (bob, fields) = (bob, fields)
    let code = { (test: RuleTest, changes: JSONObject) -> String? in
      test.code { try Subscriptions.subscribe(fields.merging(changes), by: bob, in: &$0) }
    }
    #expect(code(try test(), ["api_version": "v2"]) == "GEN001")
    #expect(code(try test(), ["username": "nobody"]) == "SUB003")
    #expect(code(try test(), ["username": "admin"]) == "SUB003")
    #expect(code(try test(userGroups: ["x"]), [:]) == "SUB007")
    #expect(code(try test(userGroups: "g"), [:]) == "SUB007")
    #expect(code(try test(apiGroups: .null), [:]) == "SUB007")
    #expect(code(try test(userGroups: ["r\u{E9}"], apiGroups: ["re\u{301}"]), [:]) == "SUB007")
    let test = try test()
    let admin: JSONObject = fields.merging(["username": "admin"])
    #expect(
      test.code {
        try Subscriptions.subscribe(admin, by: RuleTest.admin, in: &$0)
      } == nil)
    #expect(
      test.code { try Subscriptions.unsubscribe(admin, by: bob, in: &$0) } == "SUB005")
  }

  @Test("subscriptions of a foreign dump that are no list are left as they are")
  func foreign() throws {
    let (test, bob, fields) = (try test(), bob, fields)
    try test.change {
      try $0.inserting(["username": "alice", "apis": "a/v1"], into: Collections.subscriptions)
    }
    #expect(Subscriptions.apis(of: "alice", in: test.store.snapshot()) == [])
    #expect(
      test.code { try Subscriptions.subscribe(fields, by: bob, in: &$0) } == "GTW007")
    #expect(try test.document(Collections.subscriptions)["apis"] == "a/v1")
  }

  @Test("the APIs that a user could subscribe to are those with a group in common")
  func available() throws {
    let snapshot = try test(apiGroups: ["other"]).store.snapshot()
    let apis = try Subscriptions.available(to: "alice", by: bob, in: snapshot)
    #expect(
      apis.map(JSONValue.object) == [["api_name": "b/c", "api_version": "v1", "api_description": .null]])
    #expect(throws: RuleViolation(nil, "User not found")) {
      try Subscriptions.available(to: "admin", by: bob, in: snapshot)
    }
  }
}
