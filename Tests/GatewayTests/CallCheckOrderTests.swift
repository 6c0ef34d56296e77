import DocumentStore
import JSON
import Model
import RateLimiting
import Testing

@testable import Gateway

@Suite("The order of the checks of a call")
struct CallCheckOrderTests {
  /// A gateway on which a call fails at each check.
  private static func broken() async throws -> TestGateway {
    let test = try await TestGateway()
    try test.insert(
      ["type": .string(SecuritySettings.type), "ip_blacklist": ["192.0.2.1"]], into: Collections.settings)
    try test.insertOrders(
      api: [
        "api_version": "v2", "api_ip_blacklist": ["192.0.2.1"], "api_ip_mode": "whitelist",
        "api_ip_whitelist": ["10.0.0.0/8"], "api_allowed_groups": ["other"], "api_allowed_roles": ["other"],
        "active": false, "api_servers": [],
      ],
      endpoint: ["endpoint_method": "DELETE"],
      user: [
        "rate_limit_duration": 100, "rate_limit_duration_type": "minute", "throttle_duration": 100,
        "throttle_queue_limit": 100, "throttle_duration_type": "hour", "bandwidth_limit_bytes": 1000,
        "bandwidth_limit_window": "day",
      ], isSubscribed: false)
    try test.insert(
      ["endpoint_id": "e", "validation_enabled": true, "validation_schema": [:]], into: Collections.endpointValidations)
    return test
  }

  private struct Step {
    let failure: (status: Int, code: String)
    /// The calls that the failing one costs, of the rate limit and of the throttle.
    let cost: (rate: Int, throttle: Int)
    let repair: (TestGateway) throws -> Void

    init(
      _ status: Int, _ code: String, cost: (rate: Int, throttle: Int) = (0, 0),
      repair: @escaping (TestGateway) throws -> Void
    ) {
      failure = (status, code)
      self.cost = cost
      self.repair = repair
    }
  }

  private static let everything = Filter.everything
  private static let all = Collections.self

  private static var steps: [Step] {
    [
      Step(403, "SEC011") { try $0.set(["ip_blacklist": []], of: everything, in: all.settings) },
      Step(404, "GTW001") { try $0.set(["api_version": "v1"], of: everything, in: all.apis) },
      Step(403, "API011") { try $0.set(["api_ip_blacklist": []], of: everything, in: all.apis) },
      Step(403, "API010") { try $0.set(["api_ip_mode": "allow_all"], of: everything, in: all.apis) },
      Step(404, "GTW003") { try $0.set(["endpoint_method": "GET"], of: everything, in: all.endpoints) },
      Step(401, "GTW401") { _ in },
      Step(403, "GTW403") { try $0.insert(["username": "alice", "apis": ["orders/v1"]], into: all.subscriptions) },
      Step(401, "GTW402") { test in
        // From here on the user has counters. All its limits are used up.
        let counters = try #require(test.gateway.users.counters("alice"))
        for _ in 0..<100 { _ = counters.rate.count(upTo: 100, window: 60, now: test.now) }
        for _ in 0..<100 { _ = counters.throttle.count(upTo: 100, window: 3600, now: test.now) }
        counters.bandwidth.add(1000, window: 86_400, now: test.now)
        try test.set(["groups": ["other"]], of: everything, in: all.users)
      },
      Step(429, "GTW429") { $0.now += 60 },
      Step(429, "GTW430", cost: (1, 0)) { $0.now += 3600 },
      Step(403, "GTW014", cost: (1, 1)) { try $0.set(["role": "other"], of: everything, in: all.users) },
      Step(429, "GTW431", cost: (1, 1)) { $0.now += 86_400 },
      Step(403, "GTW012", cost: (1, 1)) { try $0.set(["active": true], of: everything, in: all.apis) },
      Step(404, "GTW001", cost: (1, 1)) { try $0.set(["api_servers": ["http://a"]], of: everything, in: all.apis) },
      Step(501, "GTW501", cost: (1, 1)) { try $0.delete(everything, from: all.endpointValidations) },
    ]
  }

  @Test("is that of the contract: the first that fails answers, and no later counter moves")
  func order() async throws {
    let test = try await Self.broken()
    let token = try test.token("alice", lifetime: 1_000_000)
    var isLoggedIn = false
    for step in Self.steps {
      let before = test.probe("alice")
      let failure = try #require(try test.failure(token: isLoggedIn ? token : nil), "\(step.failure.code)")
      let after = test.probe("alice")
      #expect(failure.code == step.failure.code && failure.status == step.failure.status)
      // A user that no call has named yet has no counters.
      let probes = after.minute == 0 ? 0 : 1
      #expect(after.minute - before.minute - probes == step.cost.rate, "\(step.failure.code), rate")
      #expect(after.hour - before.hour - probes == step.cost.throttle, "\(step.failure.code), throttle")
      try step.repair(test)
      if step.failure.code == "GTW401" { isLoggedIn = true }
    }
    #expect(try test.failure(token: token) == nil)
  }

  @Test("has the checks of the head before those of the API")
  func head() async throws {
    let test = try await TestGateway()
    #expect(try test.failure("GET", "none/v1", [("Via", "1.0 a, 1.1 \(test.gateway.viaName)")])?.code == "GTW508")
    #expect(try test.failure("GET", "none/v1", [("Via", "1.0 \(test.gateway.viaName)")])?.code == "GTW508")
    #expect(try test.failure("POST", "none/v1", [("Content-Length", "1048577")])?.code == "REQ001")
    #expect(try test.failure("POST", "none/v1", [("Content-Length", "1048576")])?.code == "GTW001")
    #expect(try test.failure("TRACE", "none/v1")?.status == 405)
    #expect(try test.failure("GET", "none/v1/..")?.code == "GTW400")
    #expect(try test.failure("GET", "none/v1", [("Via", "1.1 other, 1.1 x\(test.gateway.viaName)")])?.code == "GTW001")
  }

  @Test("asks for no login where the API is public, or asks for none itself")
  func withoutLogin() async throws {
    for api: JSONObject in [["api_public": true], ["api_auth_required": false]] {
      let test = try await TestGateway()
      try test.insertOrders(api: api.merging(["api_allowed_groups": [], "api_allowed_roles": ["none"]]))
      #expect(try test.admit().user == nil)
      #expect(try test.admit(token: "no token at all").user == nil)
      try test.set(["active": false], of: .everything, in: Collections.apis)
      #expect(try test.failure()?.code == "GTW012")
    }
  }
}
