import DocumentStore
import JSON
import Model
import Rules
import Testing

@Suite("Rules of APIs")
struct APIRuleTests {
  private let fields: JSONObject = ["api_name": "a", "api_version": "v1", "api_servers": ["http://s"], "active": true]

  @Test("a new API gets an identifier and a path, and the same request once more changes nothing")
  func creation() throws {
    let (test, fields) = (try RuleTest(), fields)
    let created = try test.change { try APIs.create(fields, in: &$0) }
    #expect(created?["api_path"] == "/a/v1")
    #expect(created?["api_id"]?.string?.isEmpty == false)
    let commit = try test.store.write { try APIs.create(fields, in: &$0) }
    #expect(commit.value == nil && commit.commit == nil)
    let other = fields.merging(["active": false])
    #expect(test.code { try APIs.create(other, in: &$0) } == "API002")
    let next = fields.merging(["api_version": "v2"])
    #expect(test.code { try APIs.create(next, in: &$0) } == nil)
    #expect(test.count(Collections.apis) == 2)
  }

  @Test("the same API with another time of its servers, or without it, is refused")
  func times() throws {
    let test = try RuleTest()
    let timed = fields.merging(["api_read_timeout": 5])
    _ = try test.change { try APIs.create(timed, in: &$0) }
    #expect(try test.document(Collections.apis)["api_read_timeout"] == 5)
    #expect(test.code { try APIs.create(timed, in: &$0) } == nil)
    for other in [fields, fields.merging(["api_read_timeout": 1])] {
      #expect(test.code { try APIs.create(other, in: &$0) } == "API002")
    }
  }

  @Test("an API keeps its name, version, identifier and path")
  func changes() throws {
    let (test, fields) = (try RuleTest(), fields)
    let created = try test.change { try APIs.create(fields, in: &$0) }
    let changes: JSONObject = ["api_name": "a", "api_id": "other", "api_path": "/x", "active": false]
    #expect(test.code { try APIs.update("a", "v1", changes, in: &$0) } == nil)
    let changed = try test.document(Collections.apis)
    #expect(changed["active"] == false && changed["api_path"] == "/a/v1" && changed["api_id"] == created?["api_id"])
    for change in [["api_name": "b"], ["api_version": "v2"]] as [JSONObject] {
      #expect(test.code { try APIs.update("a", "v1", change, in: &$0) } == "API005")
    }
    #expect(test.code { try APIs.update("a", "v2", changes, in: &$0) } == "API003")
  }

  @Test("a public API has no credits, whichever of both comes last")
  func credits() throws {
    let test = try RuleTest()
    let both = fields.merging(["api_public": true, "api_credits_enabled": true])
    #expect(test.code { try APIs.create(both, in: &$0) } == "API013")
    let open = fields.merging(["api_public": true])
    #expect(test.code { try APIs.create(open, in: &$0) } == nil)
    let credits: JSONObject = ["api_credits_enabled": true]
    #expect(test.code { try APIs.update("a", "v1", credits, in: &$0) } == "API013")
    let instead: JSONObject = ["api_credits_enabled": true, "api_public": false]
    #expect(test.code { try APIs.update("a", "v1", instead, in: &$0) } == nil)
  }

  @Test("an API goes with its endpoints and their validations, and no others")
  func deletion() throws {
    let test = try RuleTest([
      (Collections.apis, fields), (Collections.apis, fields.merging(["api_version": "v2"])),
      (Collections.endpoints, ["api_name": "a", "api_version": "v1", "endpoint_id": "1"]),
      (Collections.endpoints, ["api_name": "a", "api_version": "v2", "endpoint_id": "2"]),
      (Collections.endpointValidations, ["endpoint_id": "1"]), (Collections.endpointValidations, ["endpoint_id": "2"]),
    ])
    #expect(test.code { try APIs.delete("a", "v1", in: &$0) } == nil)
    #expect(try test.document(Collections.apis)["api_version"] == "v2")
    #expect(try test.document(Collections.endpoints)["endpoint_id"] == "2")
    #expect(try test.document(Collections.endpointValidations)["endpoint_id"] == "2")
    #expect(test.code { try APIs.delete("a", "v1", in: &$0) } == "API003")
  }
}
