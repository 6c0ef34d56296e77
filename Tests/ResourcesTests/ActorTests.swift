import DocumentStore
import JSON
import Resources
import Testing

@Suite("Who calls")
struct ActorTests {
  private func actor(_ username: String, of users: [JSONObject], roles: [JSONObject]) throws -> Actor? {
    let store = DocumentStore(schemas: Collections.schemas)
    try store.write { (transaction) throws(Refusal) in
      for user in users { try transaction.inserting(user, into: Collections.users) }
      for role in roles { try transaction.inserting(role, into: Collections.roles) }
    }
    return Actor(username: username, in: store.snapshot())
  }

  @Test("may do what the role of its own name may, and not that of a name that looks alike")
  func roles() throws {
    let users: [JSONObject] = [
      ["username": "a\u{E9}", "role": "r\u{E9}"], ["username": "ae\u{301}", "role": "re\u{301}"],
      ["username": "kelvin", "role": "\u{212A}"],
    ]
    let roles: [JSONObject] = [
      ["role_name": "r\u{E9}", "manage_apis": true], ["role_name": "re\u{301}", "manage_users": true],
      ["role_name": "K", "manage_auth": true],
    ]
    #expect(try actor("a\u{E9}", of: users, roles: roles)?.permissions == [.manageAPIs])
    #expect(try actor("ae\u{301}", of: users, roles: roles)?.permissions == [.manageUsers])
    #expect(try actor("kelvin", of: users, roles: roles)?.permissions == [])
    #expect(try actor("a\u{E9}", of: Array(users[1...]), roles: roles) == nil)
  }

  @Test("is nobody when active is false, or what is neither true nor false")
  func activity() throws {
    for (active, isSomebody) in [(true, true), (.null, true), (false, false), ("false", false), (0, false)]
      as [(JSONValue, Bool)]
    {
      let user: JSONObject = ["username": "u", "role": "r", "active": active]
      #expect(try (actor("u", of: [user], roles: []) != nil) == isSomebody)
    }
    let nameless: JSONObject = ["role_name": "", "manage_auth": true]
    #expect(try actor("u", of: [["username": "u"]], roles: [nameless])?.permissions == [])
  }
}
