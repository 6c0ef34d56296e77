import DocumentStore
import JSON
import Model
import Rules
import Testing

@Suite("Rules of users")
struct UserRuleTests {
  private let alice = RuleTest.requester("alice")
  private let bob = RuleTest.requester("bob", .manageUsers)
  private let fields: JSONObject = [
    "username": "carol", "email": "c@x", "password": "Example-Passw0rd!", "role": "dev",
  ]

  private func test() throws -> RuleTest {
    try RuleTest([
      (Collections.users, ["username": "admin", "email": "r@x", "role": "admin"]),
      (Collections.users, ["username": "alice", "email": "a@x", "role": "dev", "groups": ["ALL"], "unknown": 1]),
      (Collections.users, ["username": "boss", "email": "b@x", "role": "admin"]),
    ])
  }

  @Test("users are created by those who may, with a name and an e-mail address of their own")
  func creation() throws {
    let (test, alice, bob) = (try test(), alice, bob)
    let snapshot = test.store.snapshot()
    let check = { (changes: JSONObject, requester: Requester) -> String? in
      RuleTest.code {
        try Users.checkCreation(fields.merging(changes), by: requester, in: snapshot)
      }
    }
    #expect(check([:], alice) == "USR006")
    #expect(check([:], bob) == nil)
    #expect(check(["role": "admin"], bob) == "USR015")
    #expect(check(["role": "admin"], RuleTest.admin) == nil)
    #expect(check(["password": "weak"], bob) == "USR005")
    #expect(check(["username": "alice"], bob) == "USR001")
    #expect(check(["email": "a@x"], bob) == "USR001")
    let attributes = JSONObject((0..<11).map { ("a\($0)", .integer($0)) })
    #expect(check(["custom_attributes": .object(attributes)], bob) == "USR016")
    #expect(check(["custom_attributes": .object(attributes.removing("a0"))], bob) == nil)
  }

  @Test("a new user holds the hash, and none is created that came while it was computed")
  func insertion() throws {
    let (test, fields) = (try test(), fields)
    #expect(test.code { try Users.create(fields, password: "hash", in: &$0) } == nil)
    #expect(try test.document(Collections.users, .fields(["username": "carol"]))["password"] == "hash")
    #expect(test.code { try Users.create(fields, password: "hash", in: &$0) } == "USR001")
  }

  @Test("the user 'admin' is hidden from others, and other users from those who may not read them")
  func reading() throws {
    let (snapshot, alice, bob) = (try test().store.snapshot(), alice, bob)
    let read = { (name: String, requester: Requester) -> String? in
      RuleTest.code { _ = try Users.read(name, by: requester, in: snapshot) }
    }
    #expect(read("admin", bob) == "-")
    #expect(read("admin", RuleTest.admin) == nil)
    #expect(read("alice", alice) == nil)
    #expect(read("boss", alice) == "USR008")
    #expect(read("nobody", alice) == "USR008")
    #expect(read("nobody", bob) == "USR002")
    #expect(RuleTest.code { _ = try Users.read(email: "r@x", by: bob, in: snapshot) } == "-")
    #expect(RuleTest.code { _ = try Users.read(email: "b@x", by: alice, in: snapshot) } == "USR008")
    let own = try Users.read(email: "a@x", by: alice, in: snapshot)
    #expect(own["username"] == "alice" && own["unknown"] == 1 && own["_id"] == nil && own["password"] == nil)
    #expect(Users.hidden(from: bob) != nil && Users.hidden(from: RuleTest.admin) == nil)
  }

  @Test("a login names a user by e-mail address or name")
  func logins() throws {
    let snapshot = try test().store.snapshot()
    #expect(Users.find(login: "a@x", in: snapshot)?.string("username") == "alice")
    #expect(Users.find(login: "alice", in: snapshot)?.string("username") == "alice")
    #expect(Users.find(login: "nobody", in: snapshot) == nil)
  }

  @Test("a user who manages nobody changes its own address, password and attributes alone")
  func ownChanges() throws {
    let (snapshot, alice) = (try test().store.snapshot(), alice)
    let check = { (changes: JSONObject) -> String? in
      RuleTest.code { try Users.checkUpdate("alice", changes, by: alice, in: snapshot) }
    }
    #expect(check(["email": "new@x", "password": "Example-Passw0rd!", "custom_attributes": [:]]) == nil)
    #expect(check(["groups": ["ALL"], "role": "dev"]) == nil)
    #expect(check(["groups": ["ALL", "x"]]) == "USR023")
    #expect(check(["role": "ops"]) == "USR023")
    #expect(check(["active": true]) == "USR023")
    #expect(check(["email": "b@x"]) == "USR001")
    #expect(
      RuleTest.code { try Users.checkUpdate("boss", [:], by: alice, in: snapshot) } == "USR006")
  }

  @Test("the admin role is given, taken and changed by admins alone")
  func admins() throws {
    let (snapshot, bob) = (try test().store.snapshot(), bob)
    let check = { (name: String, changes: JSONObject, requester: Requester) -> String? in
      RuleTest.code { try Users.checkUpdate(name, changes, by: requester, in: snapshot) }
    }
    let root = Requester(username: "admin", role: "admin", permissions: Set(Permission.allCases))
    #expect(check("nobody", [:], bob) == "USR002")
    #expect(check("alice", ["role": "admin"], bob) == "USR012")
    #expect(check("boss", ["role": "dev"], bob) == "USR012")
    #expect(check("boss", ["email": "x@x"], bob) == "USR013")
    #expect(check("boss", ["role": "dev"], RuleTest.admin) == nil)
    #expect(check("admin", [:], bob) == "-")
    #expect(check("admin", [:], RuleTest.admin) == "USR020")
    #expect(check("admin", ["ui_access": false], root) == nil)
    for change in [["active": false], ["role": "dev"], ["username": "root"]] as [JSONObject] {
      #expect(check("admin", change, root) == "USR020")
    }
    let password = { (name: String, requester: Requester) -> String? in
      RuleTest.code {
        try Users.checkPasswordChange(name, to: "Example-Passw0rd!", by: requester, in: snapshot)
      }
    }
    #expect(password("alice", bob) == nil && password("alice", alice) == nil)
    #expect(password("boss", bob) == "USR022" && password("boss", alice) == "USR006")
    #expect(password("admin", RuleTest.admin) == "USR022" && password("admin", root) == nil)
    #expect(password("nobody", bob) == "USR002")
  }
}
