import DocumentStore
import JSON
import Model
import Rules
import Testing

@Suite("Rules of endpoint validations")
struct EndpointValidationRuleTests {
  private func fields(_ rule: JSONValue, id: JSONValue = "e", path: String = "x") -> JSONObject {
    [
      "endpoint_id": id, "validation_enabled": true,
      "validation_schema": ["validation_schema": .object(JSONObject([(path, rule)]))],
    ]
  }

  private func test() throws -> RuleTest { try RuleTest([(Collections.endpoints, ["endpoint_id": "e"])]) }

  @Test("an endpoint has one validation at most")
  func lifetime() throws {
    let (test, good) = (try test(), fields(["type": "string"]))
    let elsewhere = fields(["type": "string"], id: "other")
    #expect(
      test.code { try EndpointValidations.update("e", good, in: &$0) } == "END020")
    #expect(
      test.code { try EndpointValidations.create(elsewhere, in: &$0) } == "END015")
    #expect(test.code { try EndpointValidations.create(good, in: &$0) } == nil)
    #expect(test.code { try EndpointValidations.create(good, in: &$0) } == "END014")
    #expect(try EndpointValidations.read("e", in: test.store.snapshot())["validation_enabled"] == true)
    #expect(throws: RuleViolation.self) { try EndpointValidations.read("f", in: test.store.snapshot()) }
    #expect(test.code { try EndpointValidations.delete("e", in: &$0) } == nil)
    #expect(test.code { try EndpointValidations.delete("e", in: &$0) } == "END019")
  }

  @Test(
    "a schema that no body could be checked against is refused",
    arguments: [
      ["type": "text"], ["type": "string", "min": 5, "max": 4], ["type": "string", "pattern": "("],
      ["type": "object", "nested_schema": ["y": ["type": "text"]]],
      ["type": "array", "array_items": ["type": "object", "nested_schema": ["": ["type": "string"]]]],
    ] as [JSONValue])
  func faults(rule: JSONValue) throws {
    let (test, bad, good) = (try test(), fields(rule), fields(["type": "string"]))
    #expect(test.code { try EndpointValidations.create(bad, in: &$0) } == "END016")
    #expect(test.code { try EndpointValidations.create(good, in: &$0) } == nil)
    #expect(test.code { try EndpointValidations.update("e", bad, in: &$0) } == "END021")
  }

  @Test("a schema with an empty path is refused")
  func emptyPath() throws {
    let (test, bad) = (try test(), fields(["type": "string"], path: ""))
    #expect(test.code { try EndpointValidations.create(bad, in: &$0) } == "END016")
  }
}
