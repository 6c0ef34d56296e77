import DocumentStore
import JSON
import Model
import Rules
import Testing

@Suite("Rules of servers")
struct ServerRuleTests {
  private let good: JSONValue = ["http://s", "https://s.internal:8443/base", "grpc://s:1", "GRPCS://[::1]:1"]
  private let bad: [JSONValue] = [["10.0.0.7:8080"], ["http://s", "s"], [""], ["ftp://s"], ["http://"], ["grpc://"]]
  private let key = Endpoints.Key(method: "GET", apiName: "a", apiVersion: "v1", uri: "/items")

  private func api(_ servers: JSONValue, _ others: JSONObject = [:]) -> JSONObject {
    (["api_name": "a", "api_version": "v1", "api_servers": servers] as JSONObject).merging(others)
  }

  private func endpoint(_ servers: JSONValue) -> JSONObject {
    [
      "api_name": "a", "api_version": "v1", "endpoint_method": "GET", "endpoint_uri": "/items",
      "endpoint_servers": servers,
    ]
  }

  @Test("an API has URLs of servers, from its creation on")
  func apis() throws {
    let (test, created) = (try RuleTest(), api(good))
    for servers in bad {
      let refused = api(servers)
      #expect(test.code { try APIs.create(refused, in: &$0) } == "API016")
    }
    #expect(test.count(Collections.apis) == 0)
    #expect(test.code { try APIs.create(created, in: &$0) } == nil)
    for servers in bad {
      #expect(test.code { try APIs.update("a", "v1", ["api_servers": servers], in: &$0) } == "API016")
    }
    #expect(test.code { try APIs.update("a", "v1", ["api_servers": ["http://other"]], in: &$0) } == nil)
    #expect(test.code { try APIs.update("a", "v1", ["api_servers": []], in: &$0) } == nil)
  }

  @Test("an API of gRPC names a server by its host and port alone, and no other API does")
  func gRPC() throws {
    let test = try RuleTest()
    let bare = api(["s:50051"], ["api_type": "GRPC"])
    for refused in [api(["s:50051"], ["api_type": "REST"]), api(["s:50051"], ["api_type": .null]), api(["s/x:1"])] {
      #expect(test.code { try APIs.create(refused, in: &$0) } == "API016")
    }
    #expect(test.code { try APIs.create(bare, in: &$0) } == nil)
    let endpoint = endpoint(["s:50052", "http://s"])
    #expect(test.code { try Endpoints.create(endpoint, in: &$0) } == nil)
    #expect(test.code { try Endpoints.update(key, ["endpoint_servers": ["s:50053"]], in: &$0) } == nil)
    #expect(test.code { try Endpoints.update(key, ["endpoint_servers": ["s:x"]], in: &$0) } == "END024")
  }

  @Test("an endpoint has URLs of servers, or none")
  func endpoints() throws {
    let test = try RuleTest([(Collections.apis, api(good))])
    for servers in bad {
      let refused = endpoint(servers)
      #expect(test.code { try Endpoints.create(refused, in: &$0) } == "END024")
    }
    let created = endpoint(.null)
    #expect(test.code { try Endpoints.create(created, in: &$0) } == nil)
    for servers in bad {
      #expect(test.code { try Endpoints.update(key, ["endpoint_servers": servers], in: &$0) } == "END024")
    }
    #expect(test.code { try Endpoints.update(key, ["endpoint_servers": good], in: &$0) } == nil)
  }

  @Test("a routing has URLs of servers")
  func routings() throws {
    let test = try RuleTest()
    for servers in bad {
      let refused: JSONObject = ["client_key": "k", "routing_servers": servers]
      #expect(test.code { _ = try Routings.create(refused, in: &$0) } == "RTG014")
    }
    let created: JSONObject = ["client_key": "k", "routing_servers": good]
    #expect(test.code { _ = try Routings.create(created, in: &$0) } == nil)
    for servers in bad {
      #expect(test.code { try Routings.update("k", ["routing_servers": servers], in: &$0) } == "RTG014")
    }
  }

  @Test("servers of a foreign dump stay until they are changed")
  func foreign() throws {
    let servers: JSONValue = ["s"]
    let test = try RuleTest([
      (Collections.apis, api(servers, ["active": true])),
      (Collections.endpoints, endpoint(servers).merging(["endpoint_id": "e"])),
      (Collections.routings, ["client_key": "k", "routing_servers": servers]),
    ])
    let again = api(servers, ["active": true])
    #expect(test.code { _ = try APIs.create(again, in: &$0) } == nil)
    #expect(test.code { try APIs.update("a", "v1", ["active": false, "api_servers": servers], in: &$0) } == nil)
    let described: JSONObject = ["endpoint_description": "d", "endpoint_servers": servers]
    #expect(test.code { try Endpoints.update(key, described, in: &$0) } == nil)
    #expect(test.code { try Routings.update("k", ["routing_name": "r"], in: &$0) } == nil)
    #expect(test.code { try Routings.update("k", ["routing_servers": ["t"]], in: &$0) } == "RTG014")
  }

  @Test("the violation names the place of the server, and not the server, which can have a password")
  func sentence() throws {
    let test = try RuleTest()
    let refused = api(["http://s", "http://bob:secret@s"])
    let violation = #expect(throws: RuleViolation.self) { try test.change { try APIs.create(refused, in: &$0) } }
    #expect(violation?.reason.hasPrefix("'api_servers[1]' is not the URL of a server") == true)
    #expect(violation?.reason.contains("secret") == false)
  }
}
