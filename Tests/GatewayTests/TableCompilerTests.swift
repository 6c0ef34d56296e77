import DocumentStore
import JSON
import Model
import Synchronization
import Testing

@testable import Gateway

@Suite("The compiler of tables")
struct TableCompilerTests {
  private static func compiler() -> TableCompiler {
    TableCompiler(servers: ServerRegistry(), breakers: CircuitBreaker.Settings())
  }

  /// The answers of a table to all questions that the random documents allow.
  private static func answers(_ parts: GatewayTable.Parts) -> [String] {
    let table = GatewayTable(parts, generation: 0)
    var answers: [String] = []
    for name in RandomDocuments.apiNames {
      for version in RandomDocuments.versions {
        guard let api = table.api(name, version) else {
          answers.append("\(name)/\(version): none")
          continue
        }
        let groups = RandomDocuments.groups.map { parts.groupNumbers.known([$0]).intersects(api.allowedGroups) }
        answers.append(
          "\(api.label): \(api.servers.urls) \(api.record.isActive) \(groups) \(api.servers.first)"
            + " \(parts.apiNumbers.known([api.label]) == BitSet([api.number]))")
        for uri in RandomDocuments.uris {
          for method in ["GET", "POST"] {
            let plan = api.endpoints.find(method, uri.parts(betweenBytes: UInt8(ascii: "/"))[...])
            answers.append(
              plan.map { "\(method) \(uri): \($0.record) \($0.servers?.urls ?? []) \($0.isValidated)" }
                ?? "\(method) \(uri): none")
          }
        }
      }
    }
    return answers
      + RandomDocuments.clientKeys.map { key in
        table.routing(key).map { "\(key): \($0.urls) \($0.first)" } ?? "\(key): none"
      }
  }

  @Test("makes the same table of each commit as of everything anew", arguments: [1, 2, 3, nil] as [UInt64?])
  func incremental(seed: UInt64?) throws {
    var generator = PrintedGenerator("TableCompilerTests", seed: seed)
    let store = DocumentStore(schemas: Collections.schemas)
    let model = CurrentModel(following: store, defaults: TestGateway.defaults)
    let table = CurrentTable(following: store, model, Self.compiler())
    for round in 0..<400 {
      let steps = (0..<Int.random(in: 1...6, using: &generator)).map { _ in RandomDocuments.step(using: &generator) }
      if Int.random(in: 0..<60, using: &generator) == 0 {
        try RandomDocuments.replaceAll(in: store, using: &generator)
      } else {
        try store.write { (transaction) throws(StoreError) in
          for step in steps { try step.apply(to: &transaction) }
        }
      }
      let whole = Self.compiler().everything(model.version(), after: nil)
      let (own, anew) = (Self.answers(table.newestTable().parts), Self.answers(whole))
      guard own != anew else { continue }
      let difference = zip(own, anew).first { $0 != $1 }
      Issue.record("round \(round), \(steps): \(String(describing: difference))")
      return
    }
  }

  @Test("sees a table that is not the same")
  func seededFault() throws {
    let store = DocumentStore(schemas: Collections.schemas)
    let model = CurrentModel(following: store, defaults: TestGateway.defaults)
    let table = CurrentTable(following: store, model, Self.compiler())
    let api: JSONObject = ["api_name": .string(RandomDocuments.apiNames[0]), "api_version": "v1"]
    try store.write { (transaction) throws(StoreError) in try transaction.insert(api, into: Collections.apis) }
    var parts = table.newestTable().parts
    let answers = Self.answers(parts)
    parts.apis = [:]
    #expect(Self.answers(parts) != answers)
  }

  @Test("decodes a few documents for a change, among 100,000 endpoints")
  func work() throws {
    let store = DocumentStore(schemas: Collections.schemas)
    var loader = CollectionLoader(schemas: Collections.schemas)
    let api: JSONObject = ["api_name": "big", "api_version": "v1", "api_servers": ["http://a"]]
    try JSONWriter.bytes(api).withUnsafeBytes { try loader.append($0, to: Collections.apis) }
    for number in 0..<100_000 {
      let endpoint: JSONObject = [
        "api_name": "big", "api_version": "v1", "endpoint_method": "GET", "endpoint_id": .string("e\(number)"),
        "endpoint_uri": .string("/items/\(number)/{x}"),
      ]
      try JSONWriter.bytes(endpoint).withUnsafeBytes { try loader.append($0, to: Collections.endpoints) }
    }
    try store.replaceAll(with: loader.finish()) { (_, _) throws(StoreError) in }
    let model = CurrentModel(following: store, defaults: TestGateway.defaults)
    let table = CurrentTable(following: store, model, Self.compiler())
    func decodings(_ change: (inout Transaction) throws(StoreError) -> Void) throws -> Int {
      let before = table.newestTable().parts.decodings
      try store.write { (transaction) throws(StoreError) in try change(&transaction) }
      return table.newestTable().parts.decodings - before
    }
    let name = Filter.fields(["api_name": "big"])
    let active = [UpdateOperation.set(FieldPath(field: "active"), false)]
    #expect(try decodings { (it) throws(StoreError) in try it.update(in: Collections.apis, name, active) } <= 3)
    let endpoint = Filter.fields(["endpoint_id": "e77"])
    let renamed = [UpdateOperation.set(FieldPath(field: "endpoint_uri"), "/moved")]
    #expect(try decodings { (it) throws(StoreError) in try it.update(in: Collections.endpoints, endpoint, renamed) } <= 2)
    let validation: JSONObject = ["endpoint_id": "e77", "validation_enabled": true]
    #expect(
      try decodings { (it) throws(StoreError) in try it.insert(validation, into: Collections.endpointValidations) } <= 2)
    #expect(try decodings { (it) throws(StoreError) in it.delete(from: Collections.endpoints, endpoint) } <= 1)
    let user: JSONObject = ["username": "u"]
    #expect(try decodings { (it) throws(StoreError) in try it.insert(user, into: Collections.users) } == 0)
    let parts = table.newestTable().parts
    #expect(parts.apis[GatewayTable.Key("big", "v1")]?.endpoints.find("GET", ["items", "99999", "1"]) != nil)
    #expect(parts.apis[GatewayTable.Key("big", "v1")]?.endpoints.find("GET", ["items", "77", "1"]) == nil)
  }

  @Test("keeps an API's number, breaker and turn of servers when the API changes or is restored")
  func identity() async throws {
    let test = try await TestGateway()
    try test.insertOrders(api: ["api_servers": ["http://a", "http://b"]])
    let before = try #require(test.table.api("orders", "v1"))
    _ = before.servers.next(now: 0)
    try test.set(["active": false], of: .everything, in: Collections.apis)
    let after = try #require(test.table.api("orders", "v1"))
    #expect(after.number == before.number && after.breaker === before.breaker && after.servers === before.servers)
    try test.delete(.everything, from: Collections.apis)
    #expect(test.table.api("orders", "v1") == nil)
    try test.insert(["api_name": "orders", "api_version": "v1"], into: Collections.apis)
    let again = try #require(test.table.api("orders", "v1"))
    #expect(again.number == before.number && again.breaker !== before.breaker)
    #expect(again.endpoints.find("GET", ["items", "1"]) != nil, "endpoints that were there before their API")
  }

  @Test("shares a server's health over all rings that name its URL")
  func sharedServers() {
    let registry = ServerRegistry()
    #expect(registry.server("http://a") === registry.server("http://a"))
    #expect(registry.server("http://a/x") !== registry.server("http://a"))
    #expect(registry.server("http://a/x")?.originNumber == registry.server("http://A:80/y")?.originNumber)
    #expect(registry.server("http://a")?.originNumber != registry.server("https://a")?.originNumber)
    #expect(registry.server("nothing") == nil)
  }
}
