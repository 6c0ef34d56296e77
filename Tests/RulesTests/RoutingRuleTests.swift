import DocumentStore
import JSON
import Model
import Rules
import Testing

@Suite("Rules of routings")
struct RoutingRuleTests {
  @Test("a routing has a client key of its own, and keeps it")
  func lifetime() throws {
    let test = try RuleTest()
    let fields: JSONObject = ["routing_name": "r", "client_key": "k", "routing_servers": ["http://s"]]
    #expect(try test.change { try Routings.create(fields, in: &$0) } == "k")
    #expect(test.code { try Routings.create(fields, in: &$0) } == "RTG001")
    let (change, other): (JSONObject, JSONObject) = (["routing_name": "s", "client_key": "k"], ["client_key": "l"])
    #expect(test.code { try Routings.update("k", change, in: &$0) } == nil)
    #expect(test.code { try Routings.update("k", other, in: &$0) } == "RTG005")
    #expect(test.code { try Routings.update("x", change, in: &$0) } == "RTG004")
    #expect(try Routings.read("k", in: test.store.snapshot())["routing_name"] == "s")
    #expect(test.code { try Routings.delete("k", in: &$0) } == nil)
    #expect(test.code { try Routings.delete("k", in: &$0) } == "RTG004")
  }

  @Test("a routing without a client key gets a random one")
  func randomKeys() throws {
    let test = try RuleTest()
    let keys = try (0..<2).map { _ in
      try test.change {
        try Routings.create(["routing_name": "r", "client_key": .null], in: &$0)
      }
    }
    #expect(Set(keys).count == 2)
    for key in keys { #expect(try Routings.read(key, in: test.store.snapshot())["client_key"] == .string(key)) }
  }
}
