import JSON
import Model
import Rules
import Testing

@Suite("Rules of groups")
struct GroupRuleTests {
  @Test("a group has a name of its own, keeps it, and can be deleted")
  func lifetime() throws {
    let test = try RuleTest()
    let fields: JSONObject = ["group_name": "g", "api_access": []]
    #expect(test.code { try Groups.create(fields, in: &$0) } == nil)
    #expect(test.code { try Groups.create(fields, in: &$0) } == "GRP001")
    #expect(test.code { try Groups.create([:], in: &$0) } == "VAL001")
    let change: JSONObject = ["group_description": "d", "group_name": "g"]
    #expect(test.code { try Groups.update("g", change, in: &$0) } == nil)
    #expect(try test.document(Collections.groups)["group_description"] == "d")
    let renaming: JSONObject = ["group_name": "G"]
    #expect(test.code { try Groups.update("g", renaming, in: &$0) } == "GRP004")
    #expect(test.code { try Groups.update("x", change, in: &$0) } == "GRP003")
    #expect(test.code { try Groups.delete("x", in: &$0) } == "GRP003")
    #expect(test.code { try Groups.delete("g", in: &$0) } == nil)
    #expect(test.count(Collections.groups) == 0)
  }

  @Test("the groups that every store has can't be deleted", arguments: Groups.protected)
  func protected(name: String) throws {
    let test = try RuleTest([(Collections.groups, ["group_name": .string(name)])])
    #expect(test.code { try Groups.delete(name, in: &$0) } == "GRP010")
    #expect(test.count(Collections.groups) == 1)
  }

  @Test("a group is told apart by the bytes of its name")
  func bytes() throws {
    let test = try RuleTest([(Collections.groups, ["group_name": "r\u{E9}"])])
    let other: JSONObject = ["group_name": "re\u{301}"]
    #expect(test.code { try Groups.update("r\u{E9}", other, in: &$0) } == "GRP004")
    #expect(test.code { try Groups.create(other, in: &$0) } == nil)
  }
}
