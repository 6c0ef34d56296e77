import DocumentStore
import HTTPAPI
import JSON
import Model
import RateLimiting
import Testing

@testable import Gateway

@Suite("The checks of a call")
struct CallCheckTests {
  @Test("let a user call who is subscribed, in a group of the API and within limits")
  func admission() async throws {
    let test = try await TestGateway()
    try test.insertOrders()
    let admission = try test.admit(token: test.token("alice"))
    #expect(admission.user?.username == "alice")
    #expect(admission.api.label == "orders/v1")
    #expect(admission.endpoint.record.uri == "/items/{id}")
    #expect(admission.delay == 0)
  }

  @Test("take the token of the cookie before that of the header")
  func tokenPlaces() async throws {
    let test = try await TestGateway()
    try test.insertOrders()
    let token = try test.token("alice")
    let (cookie, header) = (("Cookie", "a=b; access_token_cookie=\(token)"), ("Authorization", "Bearer \(token)"))
    #expect(try test.failure("GET", [cookie]) == nil)
    #expect(try test.failure("GET", [header]) == nil)
    #expect(try test.failure("GET", [("Cookie", "access_token_cookie="), header]) == nil)
    #expect(try test.failure("GET", [("Authorization", "bearer \(token)")]) == nil)
    #expect(try test.failure("GET", [("Cookie", "access_token_cookie=x"), header])?.code == "GTW401")
    #expect(try test.failure("GET", [header, header])?.code == "GTW401", "a proxy may have checked either of them")
  }

  @Test("need a token in the form of its place, also when the token is known from the other place")
  func tokenForms() async throws {
    let test = try await TestGateway()
    try test.insertOrders()
    let token = try test.token("alice")
    #expect(try test.failure("GET", [("Cookie", "access_token_cookie=\(token)")]) == nil)
    #expect(try test.failure("GET", [("Authorization", token)])?.code == "GTW401")
    #expect(try test.failure("GET", [("Authorization", "Bearer \(token)")]) == nil)
    #expect(try test.failure("GET", [("Cookie", "access_token_cookie=Bearer \(token)")])?.code == "GTW401")
  }

  @Test("need a subscription of admins only if the settings say so")
  func admins() async throws {
    for enforces in [false, true] {
      var configuration = GatewayConfiguration()
      configuration.enforcesAdminSubscription = enforces
      let test = try await TestGateway(configuration)
      try test.insertOrders(user: ["role": "admin"], isSubscribed: false)
      #expect(try test.failure(token: test.token("alice"))?.code == (enforces ? "GTW403" : nil))
      try test.set(["api_allowed_groups": []], of: .everything, in: Collections.apis)
      try test.insert(["username": "alice", "apis": ["orders/v1"]], into: Collections.subscriptions)
      #expect(try test.failure(token: test.token("alice"))?.code == "GTW402", "an API without groups lets nobody in")
      try test.set(["api_allowed_groups": .null], of: .everything, in: Collections.apis)
      #expect(try test.failure(token: test.token("alice"))?.code == "GTW402", "neither does one whose groups are null")
    }
  }

  @Test("delay calls over the throttle, and refuse those over its queue")
  func throttle() async throws {
    let test = try await TestGateway()
    try test.insertOrders(
      user: [
        "throttle_duration": 2, "throttle_queue_limit": 4, "throttle_duration_type": "minute",
        "throttle_wait_duration": 1,
      ])
    let token = try test.token("alice")
    let delays = try (0..<4).map { _ in try test.admit(token: token).delay }
    #expect(delays == [0, 0, 1_000_000_000, 2_000_000_000])
    let failure = try #require(try test.failure(token: token))
    #expect(failure.code == "GTW430" && failure.retryAfter == 60 - test.now % 60)
  }

  @Test("refuse exactly the calls over the rate limit, with the seconds until the next window")
  func rate() async throws {
    let test = try await TestGateway()
    try test.insertOrders(user: ["rate_limit_duration": 3, "rate_limit_duration_type": "hours"])
    let token = try test.token("alice", lifetime: 100_000)
    #expect(try (0..<5).map { _ in try test.failure(token: token)?.code } == [nil, nil, nil, "GTW429", "GTW429"])
    #expect(try test.failure(token: token)?.retryAfter == 3600 - test.now % 3600)
    test.now += 3600 - test.now % 3600
    #expect(try test.failure(token: token) == nil)
    test.gateway.clearCaches()
    #expect(try (0..<4).map { _ in try test.failure(token: token)?.code } == [nil, nil, nil, "GTW429"])
  }

  @Test("keep one counter of a user for all APIs, which a change of the user does not clear")
  func sharedCounter() async throws {
    let test = try await TestGateway()
    try test.insertOrders(user: ["rate_limit_duration": 2])
    try test.insert(
      ["api_name": "b", "api_version": "v1", "api_allowed_groups": ["g"], "api_servers": ["http://b"]],
      into: Collections.apis)
    try test.insert(
      ["api_name": "b", "api_version": "v1", "endpoint_method": "GET", "endpoint_uri": "/"], into: Collections.endpoints
    )
    try test.set(["apis": ["orders/v1", "b/v1"]], of: .everything, in: Collections.subscriptions)
    let token = try test.token("alice")
    #expect(try test.failure(token: token) == nil)
    #expect(try test.failure("GET", "b/v1", token: token) == nil)
    try test.set(["email": "x@y.z"], of: .everything, in: Collections.users)
    #expect(try test.failure(token: token)?.code == "GTW429")
    try test.set(["rate_limit_duration": 3], of: .everything, in: Collections.users)
    #expect(try test.failure(token: token) == nil, "a raised limit counts at once")
  }

  @Test("refuse a call whose body would be over the bandwidth, whatever length it names")
  func bandwidth() async throws {
    var configuration = GatewayConfiguration()
    configuration.maximumBodySize = nil
    let test = try await TestGateway(configuration)
    try test.insertOrders(endpoint: ["endpoint_method": "POST"], user: ["bandwidth_limit_bytes": 1000])
    let token = try test.token("alice")
    func failure(_ length: String) throws -> String? {
      try test.failure("POST", token: token, [("Content-Length", length)])?.code
    }
    #expect(try failure("1000") == nil)
    #expect(try failure("1001") == "GTW431")
    #expect(try failure("9223372036854775807") == "GTW431")
    try #require(test.gateway.users.counters("alice")).bandwidth.add(999, window: 86_400, now: test.now)
    #expect(try failure("1") == nil)
    #expect(try failure("2") == "GTW431")
    #expect(try failure("9223372036854775807") == "GTW431")
  }

  @Test("look for the body limit in the paths that are left out of it")
  func bodyLimit() async throws {
    var configuration = GatewayConfiguration()
    (configuration.maximumBodySize, configuration.bodyLimitExcludedPaths) = (10, ["/api/rest/up/*", "/api/rest/a/v1"])
    let test = try await TestGateway(configuration)
    for (path, code) in [
      ("up/v1/x", "GTW001"), ("upx/v1", "REQ001"), ("a/v1?b", "GTW001"), ("a/v1/b", "REQ001"), ("b", "REQ001"),
    ] {
      #expect(try test.failure("POST", path, [("Content-Length", "11")])?.code == code, "\(path)")
    }
  }

  @Test("find the API by the header's version where the path has none, and none without a version")
  func versions() async throws {
    let test = try await TestGateway()
    try test.insertOrders(api: ["api_public": true])
    #expect(try test.failure("GET", "orders/items/7", [("X-API-Version", "v1")]) == nil)
    #expect(try test.failure("GET", "orders/items/7", [("X-API-Version", "V1")])?.code == "GTW001")
    #expect(try test.failure("GET", "orders/items/7", [("X-API-Version", "")])?.code == "GTW001")
    #expect(try test.failure("GET", "orders/items/7")?.code == "GTW001")
    #expect(try test.failure("GET", "orders/v1/items/7", [("X-API-Version", "v2")]) == nil, "the path's version counts")
    #expect(try test.failure("GET", "")?.code == "GTW001")
    try test.insert(["api_public": true, "api_servers": ["http://a"]], into: Collections.apis)
    #expect(try test.failure("GET", "", [("X-API-Version", "")])?.code == "GTW001", "a nameless API is not found")
  }

  @Test("take for the handshake of a WebSocket a GET whose fields ask for one, and nothing else")
  func webSockets() async throws {
    let test = try await TestGateway()
    try test.insertOrders(api: ["api_public": true])
    let asking: [[(String, String)]] = [
      [("Connection", "Upgrade"), ("Upgrade", "websocket")],
      [("Connection", "keep-alive, upgrade"), ("Upgrade", "h2c, WebSocket/13")],
      [("Connection", "x-a"), ("connection", "UPGRADE"), ("Upgrade", "h2c"), ("Upgrade", "websocket")],
    ]
    for fields in asking {
      #expect(try test.failure("GET", fields) == .webSocket, "\(fields)")
      #expect(try test.failure("HEAD", fields) == nil, "\(fields)")
      #expect(try test.failure("POST", fields)?.code == "GTW003", "\(fields)")
    }
    let others: [[(String, String)]] = [
      [("Upgrade", "websocket")], [("Connection", "close"), ("Upgrade", "websocket")], [("Connection", "Upgrade")],
      [("Connection", "Upgrade"), ("Upgrade", "h2c, websockets, x/websocket, /websocket")],
    ]
    for fields in others { #expect(try test.failure("GET", fields) == nil, "\(fields)") }
  }

  @Test("refuse a call that chooses its version or its servers twice, also if both choices are equal")
  func repeatedFields() async throws {
    let test = try await TestGateway()
    try test.insertOrders(api: ["api_public": true])
    for name in ["X-API-Version", "client-key"] {
      #expect(try test.failure("GET", [(name, "v1")]) == nil)
      for values in [["v1", "v2"], ["v1", "v1"], ["", ""]] {
        let failure = try test.failure("GET", values.map { (name, $0) })
        #expect(failure?.status == 400 && failure?.code == "GTW400", "\(name): \(values)")
      }
    }
  }

  @Test("run the endpoint of GET for HEAD")
  func headMethod() async throws {
    let test = try await TestGateway()
    try test.insertOrders(api: ["api_public": true])
    #expect(try test.admit("HEAD").endpoint.record.method == "GET")
    #expect(try test.failure("POST")?.code == "GTW003")
  }

  @Test("choose the servers of the routing, else of the endpoint, else of the API")
  func servers() async throws {
    let test = try await TestGateway()
    try test.insertOrders(api: ["api_public": true])
    let routing = [("client-key", "k")]
    #expect(try test.admit().servers.urls == ["http://127.0.0.1:1"])
    try test.set(["endpoint_servers": ["http://e"]], of: .everything, in: Collections.endpoints)
    #expect(try test.admit(routing).servers.urls == ["http://e"])
    try test.insert(["client_key": "k", "routing_servers": ["http://r"]], into: Collections.routings)
    #expect(try test.admit(routing).servers.urls == ["http://r"])
    #expect(try test.admit([("client-key", "other")]).servers.urls == ["http://e"])
    // A dump of Doorman can have any text there.
    try test.set(["routing_servers": ["no URL", "http://r"]], of: .everything, in: Collections.routings)
    #expect(try test.admit(routing).servers.servers.map(\.address.origin.host) == ["r"])
    try test.set(["routing_servers": ["no URL"]], of: .everything, in: Collections.routings)
    #expect(try test.failure("GET", routing)?.code == "GTW001")
  }

  @Test("refuse an API that asks for what this version does not have, before its login")
  func missingFeatures() async throws {
    for fields: JSONObject in [
      ["api_is_crud": true], ["api_request_transform": ["headers": [:]]],
      ["api_credits_enabled": true, "api_credit_group": "c"],
    ] {
      let test = try await TestGateway()
      try test.insertOrders(api: fields)
      #expect(try test.failure()?.code == "GTW501")
    }
  }
}

extension TestGateway {
  fileprivate func admit(_ fields: [(String, String)]) throws -> Admission {
    try admit("GET", "orders/v1/items/7", token: nil, fields)
  }

  fileprivate func failure(_ method: String, _ fields: [(String, String)]) throws -> CallFailure? {
    try failure(method, "orders/v1/items/7", token: nil, fields)
  }
}
