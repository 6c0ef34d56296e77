import DocumentStore
import JSON
import Model
import NIOEmbedded
import RateLimiting
import Testing

@testable import Gateway

@Suite("The memory of what is created and deleted over and over")
struct ChurnTests {
  private func user(_ name: String, _ fields: JSONObject = [:]) -> JSONObject {
    let standard: JSONObject = ["username": .string(name), "email": .string(name + "@b.c"), "groups": ["g"]]
    return standard.merging(fields)
  }

  @Test("stays small: counters, numbers and labels of what is gone are given up")
  func everything() async throws {
    let test = try await TestGateway()
    let limits: JSONObject = ["rate_limit_duration": 5, "rate_limit_duration_type": "minute"]
    for round in 0..<2000 {
      let name = "n\(round)"
      try test.insert(
        [
          "api_name": .string(name), "api_version": "v1", "api_allowed_groups": ["g", .string("g\(round)")],
          "api_servers": [.string("http://\(name)")],
        ], into: Collections.apis)
      try test.insert(
        ["api_name": .string(name), "api_version": "v1", "endpoint_method": "GET", "endpoint_uri": "/x"],
        into: Collections.endpoints)
      try test.insert(user(name, limits), into: Collections.users)
      try test.insert(["username": .string(name), "apis": [.string(name + "/v1")]], into: Collections.subscriptions)
      #expect(try test.failure("GET", name + "/v1/x", token: test.token(name)) == nil)
      #expect(try #require(test.table.api(name, "v1")).number <= 1)
      for collection in [Collections.apis, Collections.endpoints, Collections.users, Collections.subscriptions] {
        try test.delete(.everything, from: collection)
      }
      test.now += 1
    }
    let parts = test.table.parts
    #expect(parts.apiNumbers.count == 0 && parts.groupNumbers.count == 0)
  }

  @Test("stays small for users whose windows have ended")
  func counters() {
    var table = UserCounterTable()
    var peak = 0
    for number in 0..<200_000 {
      let now = 1_000_000 + number / 100
      let counters = table.counters(for: UTF8Key("u\(number)"), now: now, users: 0) { _ in false }
      _ = counters.rate.count(upTo: 10, window: 60, now: now)
      counters.bandwidth.add(1, window: 10, now: now)
      peak = max(peak, table.count)
    }
    // 6000 users come in a minute.
    #expect(peak <= 20_000)
  }

  @Test("is bounded for deleted users whose windows are long, and not for users that are there")
  func deletedUsers() {
    var table = UserCounterTable()
    var year: Int { 31_536_000 }
    for number in 0..<3 * UserCounterTable.mostDeleted {
      let isThere = number % 8 == 0
      let counters = table.counters(for: UTF8Key("\(isThere ? "there" : "gone") \(number)"), now: 0, users: number / 8)
      {
        $0.text.hasPrefix("there")
      }
      _ = counters.rate.count(upTo: 10, window: year, now: 0)
    }
    #expect(table.count <= 2 * UserCounterTable.mostDeleted)
    for number in stride(from: 0, to: 3 * UserCounterTable.mostDeleted, by: 8) {
      #expect(table.counters(of: UTF8Key("there \(number)"))?.rate.count(upTo: 10, window: year, now: 0) == 2)
    }
  }

  @Test("never drops counters that a compiled user holds")
  func heldCounters() {
    var table = UserCounterTable()
    let held = table.counters(for: UTF8Key("held"), now: 0, users: 1) { _ in true }
    for number in 0..<1000 { _ = table.counters(for: UTF8Key("\(number)"), now: 0, users: 1) { _ in false } }
    #expect(table.count < 100)
    #expect(table.counters(of: UTF8Key("held")) === held)
  }

  @Test("does not give a fresh allowance to a user that is deleted and created anew within a window")
  func recreated() async throws {
    let test = try await TestGateway()
    let limits: JSONObject = ["rate_limit_duration": 1, "rate_limit_duration_type": "hour"]
    try test.insertOrders(user: limits)
    let token = try test.token("alice", lifetime: 100_000)
    func code() throws -> String? { try test.failure(token: token)?.code }
    #expect(try code() == nil && code() == "GTW429")
    try test.delete(.fields(["username": "alice"]), from: Collections.users)
    // Others take its place in all caches.
    for number in 0..<20_000 {
      try test.insert(user("u\(number)"), into: Collections.users)
      _ = test.gateway.users.plan("u\(number)", in: test.table, now: test.now)
      if number % 100 == 0 { try test.delete(.fields(["groups": "g"]), from: Collections.users) }
    }
    #expect(test.gateway.users.counted < 18_000)
    try test.insert(user("alice", limits), into: Collections.users)
    #expect(try code() == "GTW429")
    test.now += 3600
    #expect(try code() == nil)
  }

  @Test("stays small for servers that no table names any more, and for their pools")
  func servers() {
    let registry = ServerRegistry()
    let pool = UpstreamPool(on: EmbeddedEventLoop(), UpstreamPool.Limits())
    let kept = registry.ring(["http://kept"], present: nil)
    let origin = pool.origin(of: kept.servers[0])
    for number in 0..<10_000 {
      let ring = registry.ring(["http://s\(number)/a", "http://s\(number)/b"], present: nil)
      #expect(pool.origin(of: ring.servers[0]) === pool.origin(of: ring.servers[1]))
      kept.servers[0].health.noteFailure(now: 0)
    }
    #expect(registry.count <= 128)
    #expect(pool.count <= 32)
    #expect(registry.server("http://kept")?.server === kept.servers[0] && pool.origin(of: kept.servers[0]) === origin)
    #expect(pool.figures().map(\.server) == ["http://kept:80"])
  }

  @Test("gives the labels of deleted endpoints to new ones, and no sum of calls jumps back")
  func labels() {
    let metrics = CallMetrics()
    let kept = metrics.endpoint("kept/v1", "GET", "/")
    kept.add(200)
    for number in 0..<3 * CallMetrics.mostEndpoints {
      metrics.endpoint("a/v1", "GET", "/\(number)").add(200)
      if number % 1000 == 0 { #expect(metrics.statuses.map(\.calls) == [number + 2]) }
    }
    #expect(metrics.statuses.map(\.calls) == [3 * CallMetrics.mostEndpoints + 1])
    #expect(metrics.calls.count <= CallMetrics.mostEndpoints + 1)
    #expect(!metrics.calls.contains { $0.label.api.text == "other" })
    #expect(metrics.endpoint("kept/v1", "GET", "/") === kept)
    #expect(metrics.calls.first { $0.label.api.text == "kept/v1" }?.calls == 1)
  }
}
