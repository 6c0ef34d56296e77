import DocumentStore
import JSON
import Model
import Rules
import Testing

@Suite("Rules of endpoints")
struct EndpointRuleTests {
  private let key = Endpoints.Key(method: "get", apiName: "a", apiVersion: "v1", uri: "items")

  private func fields(_ method: String, _ uri: String) -> JSONObject {
    ["api_name": "a", "api_version": "v1", "endpoint_method": .string(method), "endpoint_uri": .string(uri)]
  }

  private func test(_ endpoints: [JSONObject] = []) throws -> RuleTest {
    try RuleTest(
      [(Collections.apis, ["api_name": "a", "api_version": "v1", "api_id": "i"] as JSONObject)]
        + endpoints.map { (Collections.endpoints, $0) })
  }

  @Test("a new endpoint belongs to an API, and gets its identifier and a method in upper case")
  func creation() throws {
    let (test, fields) = (try test(), fields("get", "/items"))
    #expect(test.code { try Endpoints.create(fields, in: &$0) } == nil)
    let endpoint = try test.document(Collections.endpoints)
    #expect(endpoint["endpoint_method"] == "GET" && endpoint["api_id"] == "i")
    #expect(endpoint["endpoint_id"]?.string?.isEmpty == false)
    let again = self.fields("GET", "items")
    #expect(test.code { try Endpoints.create(again, in: &$0) } == "END001")
    let elsewhere = fields.merging(["api_version": "v2"])
    #expect(test.code { try Endpoints.create(elsewhere, in: &$0) } == "END002")
  }

  @Test("an endpoint is found with or without the leading slash, and its URI by another method")
  func finding() throws {
    for uri in ["items", "/items"] {
      let snapshot = try test([fields("GET", uri)]).store.snapshot()
      #expect(Endpoints.find(key, in: snapshot) != nil)
      let slashed = Endpoints.Key(method: "GET", apiName: "a", apiVersion: "v1", uri: "/items")
      #expect(Endpoints.find(slashed, in: snapshot) != nil)
      let post = Endpoints.Key(method: "POST", apiName: "a", apiVersion: "v1", uri: "items")
      #expect(Endpoints.find(post, in: snapshot) == nil)
      #expect(Endpoints.isRegistered(uriOf: post, in: snapshot))
      let other = Endpoints.Key(method: "GET", apiName: "a", apiVersion: "v1", uri: "item")
      #expect(!Endpoints.isRegistered(uriOf: other, in: snapshot))
    }
  }

  @Test("an endpoint keeps its key and its identifiers")
  func changes() throws {
    let (test, key) = (
      try test([fields("GET", "/items").merging(["endpoint_id": "e", "api_id": "i"])]), key
    )
    let changes: JSONObject = [
      "endpoint_method": "get", "endpoint_id": "x", "api_id": "x", "endpoint_description": "d",
    ]
    #expect(test.code { try Endpoints.update(key, changes, in: &$0) } == nil)
    let changed = try test.document(Collections.endpoints)
    #expect(changed["endpoint_description"] == "d" && changed["endpoint_id"] == "e" && changed["api_id"] == "i")
    for change in [["endpoint_method": "PUT"], ["endpoint_uri": "/x"], ["api_name": "b"], ["api_version": "v2"]]
      as [JSONObject]
    {
      #expect(test.code { try Endpoints.update(key, change, in: &$0) } == "END006")
    }
    let missing = Endpoints.Key(method: "GET", apiName: "a", apiVersion: "v1", uri: "x")
    #expect(test.code { try Endpoints.update(missing, [:], in: &$0) } == "END003")
  }

  @Test("an endpoint of a foreign dump without an identifier can't be changed, but deleted")
  func foreign() throws {
    let (test, key) = (try test([fields("GET", "/items")]), key)
    #expect(test.code { try Endpoints.update(key, [:], in: &$0) } == "END007")
    #expect(test.code { try Endpoints.delete(key, in: &$0) } == nil)
    #expect(test.code { try Endpoints.delete(key, in: &$0) } == "END004")
  }

  @Test("an endpoint goes with its validation")
  func deletion() throws {
    let (test, key) = (try test([fields("GET", "/items").merging(["endpoint_id": "e"])]), key)
    for id in ["e", "f"] {
      try test.change {
        try $0.inserting(["endpoint_id": .string(id)], into: Collections.endpointValidations)
      }
    }
    #expect(test.code { try Endpoints.delete(key, in: &$0) } == nil)
    #expect(try test.document(Collections.endpointValidations)["endpoint_id"] == "f")
  }

  @Test("the endpoints of an API that is not there can't be listed")
  func listing() throws {
    let snapshot = try test([fields("GET", "/items").merging(["_id": "hidden"])]).store.snapshot()
    let list = try Endpoints.list(ofAPI: "a", "v1", in: snapshot)
    #expect(list["endpoints"]?.array?.first?.object?["endpoint_uri"] == "/items")
    #expect(list["endpoints"]?.array?.first?.object?["_id"] == nil)
    #expect(throws: RuleViolation.self) { try Endpoints.list(ofAPI: "a", "v2", in: snapshot) }
  }
}
