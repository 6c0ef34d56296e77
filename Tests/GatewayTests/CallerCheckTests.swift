import DocumentStore
import JSON
import Model
import Testing

@testable import Gateway

@Suite("The address policies of a call")
struct CallerCheckTests {
  private func gateway(api: JSONObject = [:], settings: JSONObject = [:]) async throws -> TestGateway {
    let test = try await TestGateway()
    try test.insertOrders(api: (["api_public": true] as JSONObject).merging(api))
    let type: JSONObject = ["type": .string(SecuritySettings.type)]
    try test.insert(type.merging(settings), into: Collections.settings)
    return test
  }

  private func code(_ test: TestGateway, _ address: String, forwardedFor: String? = nil) throws -> String? {
    try test.failure(
      "GET", "orders/v1/items/7", token: nil, forwardedFor.map { [("X-Forwarded-For", $0)] } ?? [], from: address)?.code
  }

  @Test("of the server: the list of allowed addresses, then that of denied ones")
  func server() async throws {
    let test = try await gateway(settings: ["ip_whitelist": ["10.0.0.0/8"], "ip_blacklist": ["10.0.0.9"]])
    #expect(try code(test, "10.1.2.3") == nil)
    #expect(try code(test, "11.0.0.1") == "SEC010")
    #expect(try code(test, "10.0.0.9") == "SEC011")
  }

  @Test("of an API: denied addresses always, allowed ones only in the mode that asks")
  func api() async throws {
    let test = try await gateway(api: ["api_ip_blacklist": ["10.0.0.9"], "api_ip_whitelist": ["10.0.0.0/8"]])
    #expect(try code(test, "11.0.0.1") == nil)
    #expect(try code(test, "10.0.0.9") == "API011")
    try test.set(["api_ip_mode": "whitelist"], of: .everything, in: Collections.apis)
    #expect(try code(test, "11.0.0.1") == "API010")
    #expect(try code(test, "10.0.0.1") == nil)
    #expect(try code(test, "10.0.0.9") == "API011")
  }

  @Test("count the forwarded address only of a trusted proxy, and the last one that is no proxy itself")
  func forwarded() async throws {
    let test = try await gateway(
      settings: [
        "ip_blacklist": ["192.0.2.7"], "trust_x_forwarded_for": true, "xff_trusted_proxies": ["10.0.0.0/8"],
      ])
    #expect(try code(test, "10.0.0.1", forwardedFor: "192.0.2.7") == "SEC011")
    #expect(try code(test, "10.0.0.1", forwardedFor: "192.0.2.7, 10.0.0.2") == "SEC011")
    #expect(try code(test, "10.0.0.1", forwardedFor: "192.0.2.7, 192.0.2.8") == nil)
    #expect(try code(test, "192.0.2.8", forwardedFor: "192.0.2.7") == nil, "not from a proxy")
    #expect(try code(test, "192.0.2.7", forwardedFor: "192.0.2.8") == "SEC011", "not from a proxy")
  }

  @Test("of an API that trusts the header use the listed proxies, whatever the settings say")
  func trustOfAPI() async throws {
    let test = try await gateway(
      api: ["api_ip_blacklist": ["192.0.2.7"]], settings: ["xff_trusted_proxies": ["10.0.0.0/8"]])
    #expect(try code(test, "10.0.0.1", forwardedFor: "192.0.2.7") == nil)
    try test.set(["api_trust_x_forwarded_for": true], of: .everything, in: Collections.apis)
    #expect(try code(test, "10.0.0.1", forwardedFor: "192.0.2.7") == "API011")
    #expect(try code(test, "10.0.0.1", forwardedFor: "192.0.2.8") == nil)
    try test.set(["api_trust_x_forwarded_for": false], of: .everything, in: Collections.apis)
    try test.set(["trust_x_forwarded_for": true], of: .everything, in: Collections.settings)
    #expect(try code(test, "10.0.0.1", forwardedFor: "192.0.2.7") == nil)
  }

  @Test("count the field in which a trusted proxy names the client alone, where it sends no list")
  func clientFields() async throws {
    let test = try await gateway(
      settings: [
        "ip_blacklist": ["192.0.2.7"], "trust_x_forwarded_for": true, "xff_trusted_proxies": ["10.0.0.0/8"],
      ])
    let code = { (fields: [(String, String)], address: String) throws in
      try test.failure("GET", "orders/v1/items/7", token: nil, fields, from: address)?.code
    }
    let (denied, other) = ("192.0.2.7", "192.0.2.8")
    #expect(try code([("X-Real-IP", denied)], "10.0.0.1") == "SEC011")
    #expect(try code([("CF-Connecting-IP", denied)], "10.0.0.1") == "SEC011")
    #expect(try code([("CF-Connecting-IP", denied), ("x-real-ip", other)], "10.0.0.1") == nil)
    #expect(try code([("X-Real-IP", denied), ("X-Forwarded-For", other)], "10.0.0.1") == nil)
    #expect(try code([("X-Real-IP", denied)], other) == nil, "not from a proxy")
    #expect(try code([("Forwarded", "for=\(denied)")], "10.0.0.1") == nil)
  }

  @Test("let clients of this host pass where the settings say so, unless a proxy forwarded the call")
  func loopback() async throws {
    let test = try await gateway(
      api: ["api_ip_blacklist": ["127.0.0.0/8"]], settings: ["allow_localhost_bypass": true])
    #expect(try code(test, "127.0.0.1") == nil)
    #expect(try code(test, "127.0.0.1", forwardedFor: "192.0.2.8") == "API011")
    for name in ["X-Real-IP", "CF-Connecting-IP", "Forwarded"] {
      let failure = try test.failure(
        "GET", "orders/v1/items/7", token: nil, [(name, "192.0.2.8")], from: "127.0.0.1")
      #expect(failure?.code == "API011", "\(name)")
    }
    try test.set(["allow_localhost_bypass": false], of: .everything, in: Collections.settings)
    #expect(try code(test, "127.0.0.1") == "API011")
  }
}

@Suite("The answer to OPTIONS")
struct PreflightTests {
  @Test("is 204 without a login, also for an unknown API or endpoint")
  func plain() async throws {
    let test = try await TestGateway()
    try test.insertOrders()
    for path in ["orders/v1/items/7", "orders/v1/none", "none/v1", "orders"] {
      #expect(try test.failure("OPTIONS", path) == .preflight)
    }
    #expect(try test.failure("OPTIONS", "orders/v1/..")?.code == "GTW400")
  }

  @Test("is 405 for what is unknown, where the settings say so")
  func strict() async throws {
    var configuration = GatewayConfiguration()
    configuration.refusesUnknownPreflights = true
    let test = try await TestGateway(configuration)
    try test.insertOrders()
    #expect(try test.failure("OPTIONS", "orders/v1/items/7") == .preflight)
    for path in ["orders/v1/none", "none/v1", "orders"] {
      #expect(try test.failure("OPTIONS", path)?.status == 405)
    }
  }
}
