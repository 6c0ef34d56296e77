import DocumentStore
import JSON
import Model
import Rules
import Testing

@Suite("Rules of roles")
struct RoleRuleTests {
  private let bob = RuleTest.requester("bob", .manageRoles)

  @Test("a role has a name of its own, keeps it, and can be deleted")
  func lifetime() throws {
    let test = try RuleTest()
    let (bob, fields): (Requester, JSONObject) = (bob, ["role_name": "r", "manage_apis": false, "unknown": 1])
    #expect(test.code { try Roles.create(fields, by: bob, in: &$0) } == nil)
    #expect(test.code { try Roles.create(fields, by: bob, in: &$0) } == "ROLE001")
    let changed = try test.change {
      try Roles.update("r", ["manage_apis": true], by: bob, in: &$0)
    }
    #expect(changed["manage_apis"] == true && changed["unknown"] == 1 && changed["_id"] == nil)
    let renaming: JSONObject = ["role_name": "s"]
    #expect(test.code { try Roles.update("r", renaming, by: bob, in: &$0) } == "ROLE005")
    #expect(test.code { try Roles.update("x", [:], by: bob, in: &$0) } == "ROLE004")
    #expect(test.code { try Roles.delete("x", by: bob, in: &$0) } == "ROLE004")
    #expect(test.code { try Roles.delete("r", by: bob, in: &$0) } == nil)
  }

  @Test("the admin role is hidden from others, changed by admins alone, and never deleted")
  func admin() throws {
    let test = try RuleTest([(Collections.roles, ["role_name": "admin"])])
    let (bob, admin, snapshot) = (bob, RuleTest.admin, test.store.snapshot())
    #expect(throws: RuleViolation(nil, "Role not found")) { try Roles.read("admin", by: bob, in: snapshot) }
    #expect(try Roles.read("admin", by: admin, in: snapshot)["role_name"] == "admin")
    #expect(Roles.hidden(from: bob) != nil && Roles.hidden(from: admin) == nil)
    let fields: JSONObject = ["role_name": "admin"]
    #expect(test.code { try Roles.create(fields, by: bob, in: &$0) } == "ROLE013")
    #expect(test.code { try Roles.update("admin", [:], by: bob, in: &$0) } == "ROLE014")
    #expect(test.code { try Roles.update("admin", [:], by: admin, in: &$0) } == nil)
    for requester in [bob, admin] {
      #expect(
        test.code { try Roles.delete("admin", by: requester, in: &$0) } == "ROLE016")
    }
  }
}
