import JSON
import Model
import Testing

@Suite("A requester")
struct RequesterTests {
  private func requester(_ username: String, of users: [JSONObject], roles: [JSONObject]) throws -> Requester? {
    let test = try TestModel(
      users.map { (Collections.users, $0) } + roles.map { (Collections.roles, $0) })
    return Requester(username: username, in: test.model.version())
  }

  @Test("may do what the role of its own name may, and not what a role of a similar name may")
  func roles() throws {
    let users: [JSONObject] = [
      ["username": "a\u{E9}", "role": "r\u{E9}"], ["username": "ae\u{301}", "role": "re\u{301}"],
      ["username": "kelvin", "role": "\u{212A}"],
    ]
    let roles: [JSONObject] = [
      ["role_name": "r\u{E9}", "manage_apis": true], ["role_name": "re\u{301}", "manage_users": true],
      ["role_name": "K", "manage_auth": true],
    ]
    #expect(try requester("a\u{E9}", of: users, roles: roles)?.permissions == [.manageAPIs])
    #expect(try requester("ae\u{301}", of: users, roles: roles)?.permissions == [.manageUsers])
    #expect(try requester("kelvin", of: users, roles: roles)?.permissions == [])
    #expect(try requester("a\u{E9}", of: Array(users[1...]), roles: roles) == nil)
  }

  @Test("is nobody when active is false, or neither true nor false")
  func activity() throws {
    for (active, isSomebody) in [(true, true), (.null, true), (false, false), ("false", false), (0, false)]
      as [(JSONValue, Bool)]
    {
      let user: JSONObject = ["username": "u", "role": "r", "active": active]
      #expect(try (requester("u", of: [user], roles: []) != nil) == isSomebody)
    }
    let nameless: JSONObject = ["role_name": "", "manage_auth": true]
    #expect(try requester("u", of: [["username": "u"]], roles: [nameless])?.permissions == [])
  }

  @Test("with the admin role holds every permission, whatever the role's document names")
  func admin() throws {
    let admin = try #require(
      try requester(
        "u", of: [["username": "u", "role": "admin"]], roles: [["role_name": "admin", "manage_apis": false]]))
    #expect(admin.isAdmin)
    #expect(admin.permissions == Set(Permission.allCases))
    #expect(
      try requester("u", of: [["username": "u", "role": "admin"]], roles: [])?.permissions == Set(Permission.allCases))
    #expect(try requester("u", of: [["username": "u", "role": "Admin"]], roles: [])?.isAdmin == false)
  }
}
