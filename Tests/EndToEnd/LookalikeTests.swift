import Foundation
import JSON
import TestSupport
import Testing

/// Tests of names that Unicode and Swift's `String` regard as equal.
@Suite("Names that look alike")
struct LookalikeTests {
  /// `é` as one scalar and as two.
  private static let composed = (name: "caf\u{E9}", path: "caf%C3%A9")
  private static let decomposed = (name: "cafe\u{301}", path: "cafe%CC%81")

  private static let password: JSONValue = "Example-Passw0rd!x"

  private func create(_ gatehouse: GatehouseProcess, _ token: String, _ path: String, _ body: JSONValue) throws {
    let answer = try gatehouse.send("POST", path, token: token, json: body)
    #expect(answer.status == 201, "\(path) \(answer.text)")
  }

  private func user(_ name: String, _ email: String, role: String, groups: [String] = ["ALL"]) -> JSONValue {
    [
      "username": .string(name), "email": .string(email), "password": Self.password, "role": .string(role),
      "groups": .strings(groups),
    ]
  }

  @Test("are two groups, and one gives no access to the other's APIs")
  func groups() async throws {
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      let admin = try gatehouse.logIn()
      for (name, description) in [(Self.composed.name, "one"), (Self.decomposed.name, "two")] {
        try create(
          gatehouse, admin, "/platform/group",
          ["group_name": .string(name), "group_description": .string(description)])
      }
      for (path, description) in [(Self.composed.path, "one"), (Self.decomposed.path, "two")] {
        let group = try gatehouse.send("GET", "/platform/group/\(path)", token: admin).json
        #expect(group.value(at: "group_description")?.string == description)
        let renamed = try gatehouse.send(
          "PUT", "/platform/group/\(path)", token: admin, json: ["group_name": .string(Self.composed.name)])
        #expect(renamed.status == (path == Self.composed.path ? 200 : 400))
      }
      for (version, group) in [("v1", Self.composed.name), ("v2", Self.decomposed.name)] {
        try create(
          gatehouse, admin, "/platform/api",
          [
            "api_name": "orders", "api_version": .string(version), "api_servers": ["http://127.0.0.1:1"],
            "api_allowed_groups": .strings([group]),
          ])
      }
      try create(
        gatehouse, admin, "/platform/user", user("bob", "bob@example.com", role: "admin", groups: [Self.composed.name]))
      let subscribe = { (version: String) throws in
        try gatehouse.send(
          "POST", "/platform/subscription/subscribe", token: admin,
          json: ["username": "bob", "api_name": "orders", "api_version": .string(version)])
      }
      #expect(try subscribe("v1").status == 200)
      #expect(try subscribe("v2").code == "SUB007")
      let open = try gatehouse.send("GET", "/platform/subscription/available-apis/bob", token: admin).json
      #expect(open.object?["apis"]?.array?.compactMap { $0.value(at: "api_version")?.string } == ["v1"])
      #expect(try gatehouse.send("DELETE", "/platform/group/\(Self.composed.path)", token: admin).status == 200)
      #expect(try gatehouse.send("GET", "/platform/group/\(Self.decomposed.path)", token: admin).status == 200)
      #expect(try gatehouse.stop() == 0)
    }
  }

  @Test("are two users with tokens, revocations and roles of their own, and neither may do what the other may")
  func users() async throws {
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      let admin = try gatehouse.logIn()
      for (name, permission) in [(Self.composed.name, "manage_groups"), (Self.decomposed.name, "manage_users")] {
        try create(
          gatehouse, admin, "/platform/role",
          .object(JSONObject([("role_name", .string(name)), (permission, .bool(true))])))
        try create(
          gatehouse, admin, "/platform/user", user(name, "\(name)@example.com", role: name))
      }
      let one = try gatehouse.logIn(Self.composed.name, "Example-Passw0rd!x")
      let two = try gatehouse.logIn("\(Self.decomposed.name)@example.com", "Example-Passw0rd!x")
      let status = { (token: String, method: String, path: String, body: JSONValue?) throws -> Int in
        try gatehouse.send(method, path, token: token, raw: body.map { JSONWriter.bytes($0) }).status
      }
      // It matches only itself.
      #expect(try status(one, "GET", "/platform/user/\(Self.composed.path)", nil) == 200)
      #expect(try status(one, "GET", "/platform/user/\(Self.decomposed.path)", nil) == 403)
      #expect(try status(one, "GET", "/platform/user/email/\(Self.decomposed.path)@example.com", nil) == 403)
      #expect(try status(one, "PUT", "/platform/user/\(Self.decomposed.path)", ["email": "x@example.com"]) == 403)
      let change: JSONValue = ["new_password": "Another-Passw0rd!x"]
      #expect(try status(one, "PUT", "/platform/user/\(Self.decomposed.path)/update-password", change) == 403)
      #expect(try status(one, "GET", "/platform/subscription/subscriptions/\(Self.composed.path)", nil) == 200)
      #expect(try status(one, "GET", "/platform/subscription/subscriptions/\(Self.decomposed.path)", nil) == 403)
      // Each user has the permissions of its own role.
      #expect(try status(one, "POST", "/platform/group", ["group_name": "of-one"]) == 201)
      #expect(try status(two, "POST", "/platform/group", ["group_name": "of-two"]) == 403)
      #expect(try status(one, "GET", "/platform/user/all", nil) == 403)
      #expect(try status(two, "GET", "/platform/user/all", nil) == 200)
      // The other user's name is taken, its own is not.
      let rename: JSONValue = ["username": .string(Self.composed.name)]
      #expect(try status(two, "PUT", "/platform/user/\(Self.decomposed.path)", rename) == 400)
      #expect(try status(two, "PUT", "/platform/user/\(Self.composed.path)", rename) == 200)
      // Their tokens are distinct.
      #expect(try status(admin, "POST", "/platform/authorization/admin/revoke/\(Self.composed.path)", nil) == 200)
      #expect(try status(one, "GET", "/platform/user/me", nil) == 401)
      #expect(try status(two, "GET", "/platform/user/me", nil) == 200)
      #expect(try status(admin, "POST", "/platform/authorization/admin/unrevoke/\(Self.decomposed.path)", nil) == 200)
      #expect(try status(one, "GET", "/platform/user/me", nil) == 401)
      #expect(try status(two, "POST", "/platform/authorization/invalidate", nil) == 200)
      #expect(try status(admin, "POST", "/platform/authorization/admin/unrevoke/\(Self.composed.path)", nil) == 200)
      #expect(try status(one, "GET", "/platform/user/me", nil) == 200)
      #expect(try status(two, "GET", "/platform/user/me", nil) == 401)
      #expect(try status(admin, "DELETE", "/platform/user/\(Self.decomposed.path)", nil) == 200)
      #expect(try status(one, "GET", "/platform/user/me", nil) == 200)
      #expect(try gatehouse.stop() == 0)
    }
  }

  @Test("are two APIs, endpoints and routings; a method is one of ASCII")
  func resources() async throws {
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      let admin = try gatehouse.logIn()
      for name in [Self.composed.name, Self.decomposed.name, "K", "\u{212A}"] {
        try create(gatehouse, admin, "/platform/api", ["api_name": .string(name), "api_version": "v1"])
        try create(
          gatehouse, admin, "/platform/routing",
          ["routing_name": "r", "routing_servers": ["http://127.0.0.1:1"], "client_key": .string(name)])
        for uri in ["/\(name)", "/\u{301}\(name)"] {
          try create(
            gatehouse, admin, "/platform/endpoint",
            [
              "api_name": .string(name), "api_version": "v1", "endpoint_method": "po\u{73}t",
              "endpoint_uri": .string(uri), "endpoint_description": "d",
            ])
        }
      }
      let path = "/platform/endpoint/POST/K/v1"
      #expect(try gatehouse.send("GET", "\(path)/K", token: admin).status == 200)
      #expect(try gatehouse.send("GET", "\(path)/%E2%84%AA", token: admin).status == 400)
      #expect(try gatehouse.send("GET", "\(path)/%CC%81K", token: admin).status == 200)
      #expect(try gatehouse.send("GET", "/platform/endpoint/po%C5%BFt/K/v1/K", token: admin).status == 404)
      let renamed = try gatehouse.send("PUT", "/platform/api/K/v1", token: admin, json: ["api_name": "\u{212A}"])
      #expect(renamed.code == "API005")
      let rerouted = try gatehouse.send("PUT", "/platform/routing/K", token: admin, json: ["client_key": "\u{212A}"])
      #expect(rerouted.code == "RTG005")
      #expect(try gatehouse.send("DELETE", "/platform/api/%E2%84%AA/v1", token: admin).status == 200)
      #expect(try gatehouse.send("GET", "/platform/api/K/v1", token: admin).status == 200)
      #expect(try gatehouse.send("GET", "\(path)/K", token: admin).status == 200)
      #expect(try gatehouse.stop() == 0)
    }
  }

  @Test("a combining mark behind a separator hides it neither in paths and queries nor in cookies and addresses")
  func separators() async throws {
    try await withGatehouse(["LOCAL_HOST_IP_BYPASS": "false"]) { (gatehouse: GatehouseProcess) async throws in
      let admin = try gatehouse.logIn()
      let status = { (path: String, headers: [String: String]) throws -> Int in
        try gatehouse.send("GET", path, headers: headers).status
      }
      let bearer = ["Authorization": "Bearer \(admin)"]
      #expect(try status("/platform/group/%CC%81x", bearer) == 404)
      let missing = try gatehouse.send("GET", "/platform/group/%CC%81x", token: admin)
      #expect(missing.code == "GRP003", "the route was found")
      #expect(try gatehouse.send("GET", "/platform/group/\u{301}x", token: admin).status < 500)
      let list = try gatehouse.send("GET", "/platform/group/all?\u{301}=1&page_size=1&page=2", token: admin)
      #expect([200, 400].contains(list.status), "a raw byte in a request line is refused, or no part of the name")
      #expect(try gatehouse.send("GET", "/platform/group/all?pag\u{65}%CC%81=0&page=1", token: admin).status == 200)
      #expect(try status("/platform/user/me", ["Cookie": "a=b;\u{301}; access_token_cookie=\(admin)"]) == 200)
      #expect(try status("/platform/user/me", ["Cookie": "a=\u{301};access_token_cookie=\u{301}\(admin)"]) == 401)
      let register = try gatehouse.send(
        "POST", "/platform/authorization/register", json: ["email": "carol@\u{301}x", "password": Self.password])
      #expect(register.status == 201)
      #expect(try gatehouse.send("GET", "/platform/user/carol", token: admin).status == 200)
      let settings = try gatehouse.send(
        "PUT", "/platform/security/settings", token: admin, json: ["ip_blacklist": ["10.0.0.0/\u{301}8"]])
      #expect(settings.code == "VAL001")
      #expect(try gatehouse.stop() == 0)
    }
  }

  @Test("an escape in a path does not get a browser's call around the check for forgery")
  func escapedPath() async throws {
    try await withGatehouse(["HTTPS_ONLY": "true"]) { (gatehouse: GatehouseProcess) async throws in
      let token = try gatehouse.logIn()
      let headers = ["Cookie": "access_token_cookie=\(token); csrf_token=K", "X-Forwarded-Proto": "https"]
      let body = JSONWriter.bytes(["group_name": "forged"] as JSONValue)
      for path in ["/platform/group", "/%70latform/group", "/platform/%67roup"] {
        for more in [[:], ["X-CSRF-Token": "k"], ["X-CSRF-Token": "\u{212A}"]] {
          let answer = try gatehouse.send("POST", path, headers: headers.merging(more) { $1 }, raw: body)
          #expect(answer.status == 401, "\(path) \(more)")
        }
      }
      let meant = try gatehouse.send(
        "POST", "/%70latform/group", headers: headers.merging(["X-CSRF-Token": "K"]) { $1 }, raw: body)
      #expect(meant.status == 201)
      #expect(try gatehouse.stop() == 0)
    }
  }
}
