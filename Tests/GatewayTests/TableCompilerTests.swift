import DocumentStore
import JSON
import Model
import Testing

@testable import Gateway

@Suite("The compiler of tables")
struct TableCompilerTests {
  private static func compiler() -> TableCompiler {
    TableCompiler(servers: ServerRegistry(), breakers: CircuitBreaker.Settings(), metrics: CallMetrics())
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

  /// The rings of a table by what they belong to and by their servers. A restored dump may hold a name twice.
  private static func rings(_ parts: GatewayTable.Parts) -> [UTF8Key: [ServerRing]] {
    var rings: [UTF8Key: [ServerRing]] = [:]
    func add(_ owner: String, _ ring: ServerRing) {
      rings[UTF8Key("\(owner): \(ring.urls) \(ring.first)"), default: []] += [ring]
    }
    let table = GatewayTable(parts, generation: 0)
    for key in RandomDocuments.clientKeys { table.routing(key).map { add("routing \(key)", $0) } }
    let names = RandomDocuments.apiNames.flatMap { name in RandomDocuments.versions.map { (name, $0) } }
    for api in names.compactMap({ table.api($0.0, $0.1) }) {
      add("API \(api.label)", api.servers)
      api.endpoints.forEach { endpoint in
        if let ring = endpoint.servers { add("\(api.label) \(endpoint.record.method) \(endpoint.record.uri)", ring) }
      }
    }
    return rings
  }

  /// The owners of rings that stand in both tables with the same servers, and lost their turns.
  private static func lostTurns(_ older: GatewayTable.Parts, _ newer: GatewayTable.Parts) -> [String] {
    let present = rings(newer)
    return rings(older).compactMap { owner, rings in
      let lost = rings.count { ring in present[owner]?.contains { $0 === ring } != true }
      return lost > max(0, rings.count - (present[owner]?.count ?? 0)) ? owner.text : nil
    }
  }

  @Test("makes the same table of each commit as of everything anew", arguments: [1, 2, 3, nil] as [UInt64?])
  func incremental(seed: UInt64?) throws {
    var generator = PrintedGenerator("TableCompilerTests", seed: seed)
    let store = DocumentStore(schemas: Collections.schemas)
    let model = CurrentModel(following: store, defaults: TestGateway.defaults)
    let table = CurrentTable(following: store, model, Self.compiler())
    var older = table.newestTable().parts
    for round in 0..<400 {
      let steps = (0..<Int.random(in: 1...6, using: &generator)).map { _ in RandomDocuments.step(using: &generator) }
      if Int.random(in: 0..<60, using: &generator) == 0 {
        try RandomDocuments.replaceAll(in: store, using: &generator)
      } else {
        try store.write { (transaction) throws(StoreError) in
          for step in steps { try step.apply(to: &transaction) }
        }
      }
      defer { older = table.newestTable().parts }
      let whole = Self.compiler().everything(model.version(), after: nil)
      #expect(Self.lostTurns(older, table.newestTable().parts) == [], "round \(round), \(steps)")
      #expect(table.newestTable().parts.apiNumbers.count == whole.apiNumbers.count)
      #expect(table.newestTable().parts.groupNumbers.count == whole.groupNumbers.count)
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
    let older = table.newestTable().parts
    try store.write { (transaction) throws(StoreError) in
      _ = transaction.delete(from: Collections.apis, .everything)
    }
    #expect(Self.answers(table.newestTable().parts) != Self.answers(older))
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
      try store.write(change)
      return table.newestTable().parts.decodings - before
    }
    func update(_ collection: String, _ filter: Filter, _ field: String, _ value: JSONValue) throws -> Int {
      try decodings { (transaction) throws(StoreError) in
        try transaction.update(in: collection, filter, [.set(FieldPath(field: field), value)])
      }
    }
    func insert(_ fields: JSONObject, _ collection: String) throws -> Int {
      try decodings { (transaction) throws(StoreError) in try transaction.insert(fields, into: collection) }
    }
    #expect(try update(Collections.apis, .fields(["api_name": "big"]), "active", false) <= 3)
    let endpoint = Filter.fields(["endpoint_id": "e77"])
    #expect(try update(Collections.endpoints, endpoint, "endpoint_uri", "/moved") <= 2)
    #expect(try insert(["endpoint_id": "e77", "validation_enabled": true], Collections.endpointValidations) <= 2)
    let deleted = try decodings { (transaction) throws(StoreError) in
      _ = transaction.delete(from: Collections.endpoints, endpoint)
    }
    #expect(deleted <= 1)
    #expect(try insert(["username": "u"], Collections.users) == 0)
    let endpoints = try #require(table.newestTable().api("big", "v1")).endpoints
    #expect(endpoints.find("GET", ["items", "99999", "1"]) != nil)
    #expect(endpoints.find("GET", ["items", "77", "1"]) == nil)
  }

  @Test("compiles everything once for a store that does not change meanwhile")
  func beginning() async throws {
    let test = try await TestGateway()
    try test.insertOrders()
    let table = CurrentTable(following: test.store, test.model, Self.compiler())
    #expect(table.newestTable().parts.decodings == 2, "an API and an endpoint")
    let generation = table.newestTable().generation
    try test.set(["active": false], of: .everything, in: Collections.apis)
    #expect(table.newestTable().generation == generation + 1)
    #expect(table.newestTable().api("orders", "v1")?.record.isActive == false)
  }

  @Test("misses no commit that comes while it begins")
  func beginningAmongWriters() async throws {
    let test = try await TestGateway()
    try test.insertOrders()
    let (store, model) = (test.store, test.model)
    for round in 0..<50 {
      async let writing: Void = {
        for number in 0..<10 {
          try store.write { (transaction) throws(StoreError) in
            try transaction.update(
              in: Collections.apis, .everything, [.set("api_servers", [.string("http://s\(round).\(number)")])])
          }
        }
      }()
      let table = CurrentTable(following: store, model, Self.compiler())
      try await writing
      #expect(table.newestTable().api("orders", "v1")?.servers.urls == ["http://s\(round).9"])
      #expect(table.newestTable().model.sequence == store.snapshot().sequence)
    }
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

  @Test("keeps the turns of an endpoint's servers when something else of it changes, or is restored")
  func turnsOfEndpoints() async throws {
    let test = try await TestGateway()
    try test.insertOrders(endpoint: ["endpoint_servers": ["http://a", "http://b"]])
    func ring() throws -> ServerRing { try test.admit(token: test.token("alice")).servers }
    let first = try ring()
    try test.set(["endpoint_description": "changed"], of: .everything, in: Collections.endpoints)
    #expect(try ring() === first)
    try test.set(["client_uri": "/items/{other}"], of: .everything, in: Collections.endpoints)
    #expect(try ring() === first)
    try test.insert(["endpoint_id": "e", "validation_enabled": false], into: Collections.endpointValidations)
    #expect(try ring() === first)
    try test.set(["active": true, "api_servers": ["http://c"]], of: .everything, in: Collections.apis)
    #expect(try ring() === first)
    let restored = TableCompiler(servers: ServerRegistry(), breakers: CircuitBreaker.Settings(), metrics: CallMetrics())
      .everything(test.model.version(), after: test.table.parts)
    let plan = GatewayTable(restored, generation: 0).api("orders", "v1")?.endpoints.find("GET", ["items", "7"])
    #expect(plan?.servers === first)
    try test.set(["endpoint_servers": ["http://b", "http://a"]], of: .everything, in: Collections.endpoints)
    #expect(try ring() !== first)
  }

  @Test("finds every list of servers, so that all begin again when caches are cleared")
  func clearedTurns() async throws {
    let test = try await TestGateway()
    let servers: JSONValue = ["http://a", "http://b"]
    try test.insertOrders(api: ["api_servers": servers], endpoint: ["endpoint_servers": servers])
    try test.insert(["client_key": "k", "routing_servers": servers, "server_index": 1], into: Collections.routings)
    let api = try #require(test.table.api("orders", "v1"))
    let rings = [
      api.servers, try #require(api.endpoints.find("GET", ["items", "7"])?.servers),
      try #require(test.table.routing("k")),
    ]
    for ring in rings { _ = ring.next(now: 0) }
    test.gateway.clearCaches()
    #expect(rings.map { $0.next(now: 0)?.address.origin.host } == ["a", "a", "b"])
  }

  @Test("shares a server's health over all rings that name its URL")
  func sharedServers() {
    let registry = ServerRegistry()
    #expect(registry.server("http://a") === registry.server("http://a"))
    let servers = ["http://a", "http://a/x", "http://A:80/y", "https://a"].compactMap { registry.server($0)?.server }
    #expect(servers.count == 4 && servers[0] !== servers[1])
    #expect(servers[1].originNumber == servers[2].originNumber && servers[0].originNumber != servers[3].originNumber)
    #expect(registry.server("nothing") == nil)
  }
}
