import Foundation
import JSON
import TestSupport
import Testing

@Suite("Permissions")
struct RuleTests {
  private let password: JSONValue = "Example-Passw0rd!x"

  /// Logs in an admin and a user `bob`, whose role has the permissions.
  private func withBob(
    _ permissions: [String], _ changes: [String: String] = [:],
    _ body: (GatehouseProcess, _ admin: String, _ bob: String) async throws -> Void
  ) async throws {
    try await withGatehouse(changes) { (gatehouse: GatehouseProcess) async throws in
      let admin = try gatehouse.logIn()
      let role = JSONObject([("role_name", .string("bobs"))] + permissions.map { ($0, .bool(true)) })
      #expect(try gatehouse.send("POST", "/platform/role", token: admin, json: .object(role)).status == 201)
      let user: JSONValue = [
        "username": "bob", "email": "bob@example.com", "password": password, "role": "bobs", "groups": ["ALL"],
      ]
      #expect(try gatehouse.send("POST", "/platform/user", token: admin, json: user).status == 201)
      try await body(gatehouse, admin, try gatehouse.logIn("bob", "Example-Passw0rd!x"))
    }
  }

  @Test("the admin is hidden from others, and protected")
  func admin() async throws {
    try await withBob(["manage_users", "manage_roles", "manage_auth", "manage_groups"]) { gatehouse, admin, bob in
      let code = { (method: String, path: String, token: String, body: JSONValue?) throws -> String in
        let answer = try gatehouse.send(method, path, token: token, raw: body.map { JSONWriter.bytes($0) })
        return "\(answer.status) \(answer.code ?? "-")"
      }
      #expect(try code("GET", "/platform/user/admin", bob, nil) == "404 -")
      #expect(try code("PUT", "/platform/user/admin", bob, ["ui_access": false]) == "404 -")
      #expect(try code("DELETE", "/platform/user/admin", bob, nil) == "404 -")
      #expect(try code("GET", "/platform/user/email/admin@example.com", bob, nil) == "404 -")
      #expect(try code("POST", "/platform/authorization/admin/revoke/admin", bob, nil) == "404 -")
      let list = try gatehouse.send("GET", "/platform/user/all", token: bob).json
      #expect(list.value(at: "total") == 1)
      #expect(list.object?["users"]?.array?.compactMap { $0.value(at: "username")?.string } == ["bob"])
      #expect(try code("GET", "/platform/role/admin", bob, nil) == "404 -")
      #expect(try code("PUT", "/platform/role/admin", bob, ["manage_users": false]) == "403 ROLE014")
      #expect(try code("DELETE", "/platform/role/admin", bob, nil) == "403 ROLE016")
      #expect(try code("DELETE", "/platform/role/admin", admin, nil) == "403 ROLE016")
      for group in ["admin", "ALL"] {
        #expect(try code("DELETE", "/platform/group/\(group)", admin, nil) == "403 GRP010")
      }
      let mallory: JSONValue = ["username": "mallory", "email": "m@example.com", "password": password, "role": "admin"]
      #expect(try code("POST", "/platform/user", bob, mallory) == "403 USR015")
      #expect(try code("PUT", "/platform/user/bob", bob, ["role": "admin"]) == "403 USR012")
      #expect(try code("DELETE", "/platform/user/admin", admin, nil) == "403 USR021")
      #expect(try code("PUT", "/platform/user/admin", admin, ["active": false]) == "403 USR020")
      #expect(try code("POST", "/platform/authorization/admin/disable/admin", admin, nil) == "400 USR004")
      #expect(try code("PUT", "/platform/user/admin", admin, ["custom_attributes": ["a": 1]]) == "200 -")
    }
  }

  @Test("a user changes itself, but grants itself nothing")
  func ownChanges() async throws {
    try await withBob([]) { gatehouse, admin, bob in
      let put = { (body: JSONValue) throws in try gatehouse.send("PUT", "/platform/user/bob", token: bob, json: body) }
      #expect(try put(["email": "b@example.com", "custom_attributes": ["x": 1]]).status == 200)
      for body in [
        ["groups": ["ALL", "admin"]], ["rate_limit_duration": 10_000], ["ui_access": true], ["username": "robert"],
      ] as [JSONValue] {
        #expect(try put(body).code == "USR023")
      }
      #expect(try put(["role": "admin"]).status == 403)
      #expect(try put(["password": "too-weak"]).code == "USR005")
      #expect(try gatehouse.send("GET", "/platform/user/all", token: bob).status == 403)
      #expect(try gatehouse.send("GET", "/platform/user/nobody", token: bob).code == "USR008")
      #expect(try gatehouse.send("PUT", "/platform/user/other", token: bob, json: [:]).code == "USR006")
      #expect(try put(["custom_attributes": .object(JSONObject((0..<11).map { ("k\($0)", 1) }))]).code == "USR016")
      let change = try gatehouse.send(
        "PUT", "/platform/user/bob/update-password", token: bob, json: ["new_password": "Another-Passw0rd!1"])
      #expect(change.status == 200)
      _ = try gatehouse.logIn("bob", "Another-Passw0rd!1")
    }
  }

  @Test("each route refuses a role without its permission, with the code of the contract")
  func permissions() async throws {
    try await withBob([]) { gatehouse, admin, bob in
      let routes: [(String, String, JSONValue?, String)] = [
        ("POST", "/platform/role", ["role_name": "r"], "ROLE009"), ("PUT", "/platform/role/bobs", [:], "ROLE010"),
        ("DELETE", "/platform/role/bobs", nil, "ROLE011"), ("POST", "/platform/group", ["group_name": "g"], "GRP008"),
        ("PUT", "/platform/group/ALL", [:], "GRP009"), ("DELETE", "/platform/group/x", nil, "GRP010"),
        ("POST", "/platform/api", ["api_name": "a", "api_version": "v1"], "API007"),
        ("PUT", "/platform/api/a/v1", [:], "API008"),
        ("DELETE", "/platform/api/a/v1", nil, "API008"), ("POST", "/platform/routing", nil, "RTG009"),
        ("GET", "/platform/routing/all", nil, "RTG012"),
        ("GET", "/platform/routing/x", nil, "RTG013"), ("PUT", "/platform/routing/x", nil, "RTG010"),
        ("DELETE", "/platform/routing/x", nil, "RTG011"),
        ("POST", "/platform/endpoint", nil, "END010"), ("PUT", "/platform/endpoint/GET/a/v1/x", nil, "END011"),
        ("DELETE", "/platform/endpoint/GET/a/v1/x", nil, "END012"),
        ("POST", "/platform/subscription/subscribe", nil, "SUB009"),
        ("POST", "/platform/subscription/unsubscribe", nil, "SUB010"),
        ("GET", "/platform/subscription/subscriptions/x", nil, "SUB011"),
        ("GET", "/platform/security/settings", nil, "SEC001"), ("PUT", "/platform/security/settings", nil, "SEC002"),
        ("POST", "/platform/memory/dump", nil, "SEC003"), ("POST", "/platform/memory/restore", nil, "SEC004"),
        ("POST", "/platform/authorization/admin/revoke/x", nil, "AUTH900"), ("GET", "/api/status", nil, "GTW013"),
        ("DELETE", "/api/caches", nil, "GTW008"),
        ("DELETE", "/platform/user/x", nil, "USR007"),
        (
          "POST", "/platform/user", ["username": "xyz", "email": "x@y.z", "password": password, "role": "bobs"],
          "USR006"
        ),
      ]
      for (method, path, body, code) in routes {
        let answer = try gatehouse.send(method, path, token: bob, raw: body.map { JSONWriter.bytes($0) })
        #expect(answer.status == 403, "\(method) \(path)")
        #expect(answer.code == code, "\(method) \(path)")
      }
    }
  }

  @Test("a new role drops the subscriptions that it may not have; deleting an API deletes its endpoints")
  func cascades() async throws {
    try await withBob([]) { gatehouse, admin, bob in
      for (name, roles) in [("open", []), ("closed", ["bobs"])] as [(String, [String])] {
        let api: JSONValue = [
          "api_name": .string(name), "api_version": "v1", "api_allowed_groups": ["ALL"],
          "api_allowed_roles": .strings(roles),
        ]
        #expect(try gatehouse.send("POST", "/platform/api", token: admin, json: api).status == 201)
        let subscription: JSONValue = ["username": "bob", "api_name": .string(name), "api_version": "v1"]
        #expect(
          try gatehouse.send("POST", "/platform/subscription/subscribe", token: admin, json: subscription).status == 200
        )
      }
      #expect(try gatehouse.send("PUT", "/platform/user/bob", token: admin, json: ["role": "others"]).status == 200)
      let kept = try gatehouse.send("GET", "/platform/subscription/subscriptions", token: bob).json
      #expect(kept.object?["apis"] == ["open/v1"])
      let endpoint: JSONValue = [
        "api_name": "open", "api_version": "v1", "endpoint_method": "get", "endpoint_uri": "/x",
        "endpoint_description": "d",
      ]
      #expect(try gatehouse.send("POST", "/platform/endpoint", token: admin, json: endpoint).status == 201)
      let read = try gatehouse.send("GET", "/platform/endpoint/GET/open/v1/x", token: admin).json
      let validation: JSONValue = [
        "endpoint_id": read.object?["endpoint_id"] ?? .null, "validation_enabled": true,
        "validation_schema": ["validation_schema": ["user.name": ["required": true, "type": "string"]]],
      ]
      #expect(
        try gatehouse.send("POST", "/platform/endpoint/endpoint/validation", token: admin, json: validation).status
          == 201)
      #expect(
        try gatehouse.send("POST", "/platform/endpoint/validation", token: admin, json: validation).code == "END014")
      #expect(try gatehouse.send("DELETE", "/platform/api/open/v1", token: admin).status == 200)
      #expect(try gatehouse.send("GET", "/platform/endpoint/GET/open/v1/x", token: admin).code == "END004")
      let gone = try gatehouse.send(
        "GET", "/platform/endpoint/validation/\(read.object?["endpoint_id"]?.string ?? "")", token: admin)
      #expect(gone.code == "END018")
    }
  }

  @Test("logins and registrations are limited by address; forwarded addresses count only from trusted proxies")
  func limits() async throws {
    let limits = ["LOGIN_IP_RATE_LIMIT": "3", "REGISTER_IP_RATE_LIMIT": "2"]
    try await withGatehouse(limits) { (gatehouse: GatehouseProcess) async throws in
      let login = { (address: String) throws in
        try gatehouse.send(
          "POST", "/platform/authorization", headers: ["X-Forwarded-For": address],
          json: ["email": "admin", "password": "wrong"])
      }
      for number in 1...3 { #expect(try login("9.9.9.\(number)").code == "AUTH002") }
      let limited = try login("9.9.9.9")
      #expect(limited.status == 429)
      #expect(limited.code == "IP_RATE_LIMIT")
      #expect(limited.header("retry-after").flatMap { Int($0) } ?? 0 > 0)
      let register = { (name: String) throws in
        try gatehouse.send(
          "POST", "/platform/authorization/register",
          json: ["email": .string("\(name)@example.com"), "password": "Example-Passw0rd!x"])
      }
      #expect(try register("carol").status == 201)
      #expect(try register("carol").code == "USR001")
      #expect(try register("dave").status == 429)
    }
  }

  @Test("logins are not limited when the limit is off")
  func noLimit() async throws {
    let unlimited = ["LOGIN_IP_RATE_DISABLED": "true", "LOGIN_IP_RATE_LIMIT": "1"]
    try await withGatehouse(unlimited) { (gatehouse: GatehouseProcess) async throws in
      for _ in 1...3 { _ = try gatehouse.logIn() }
    }
  }

  @Test("behind HTTPS, a cookie login needs the CSRF token for what changes something")
  func forgery() async throws {
    try await withGatehouse(["HTTPS_ONLY": "true"]) { (gatehouse: GatehouseProcess) async throws in
      let login = try gatehouse.send(
        "POST", "/platform/authorization", headers: ["X-Forwarded-Proto": "https"],
        json: ["email": "admin", "password": .string(GatehouseProcess.adminPassword)])
      let cookies = login.headers("set-cookie")
      #expect(cookies.count == 2 && cookies.allSatisfy { $0.contains("; Secure") })
      #expect(login.header("strict-transport-security") != nil)
      let pairs = cookies.compactMap { $0.split(separator: ";").first.map(String.init) }
      let csrf = pairs.first { $0.hasPrefix("csrf_token=") }?.dropFirst("csrf_token=".count) ?? ""
      let send = { (method: String, more: [String: String]) throws in
        try gatehouse.send(
          method, method == "GET" ? "/platform/user/me" : "/platform/group",
          headers: ["Cookie": pairs.joined(separator: "; "), "X-Forwarded-Proto": "https"].merging(more) { $1 },
          raw: method == "GET" ? nil : Array(#"{"group_name":"g"}"#.utf8))
      }
      #expect(try send("GET", [:]).status == 200)
      #expect(try send("POST", [:]).status == 401)
      #expect(try send("POST", ["X-CSRF-Token": "guessed"]).status == 401)
      #expect(try send("POST", ["X-CSRF-Token": String(csrf)]).status == 201)
    }
  }

  @Test("scripts of other origins may call when their origin is allowed")
  func crossOrigin() async throws {
    try await withGatehouse(["ALLOWED_ORIGINS": "https://console.example.com"]) {
      (gatehouse: GatehouseProcess) async throws in
      let preflight = { (origin: String, method: String) throws in
        try gatehouse.send(
          "OPTIONS", "/platform/group", headers: ["Origin": origin, "Access-Control-Request-Method": method])
      }
      let allowed = try preflight("https://console.example.com", "PUT")
      #expect(allowed.status == 204)
      #expect(allowed.headers("access-control-allow-origin") == ["https://console.example.com"])
      #expect(allowed.header("access-control-allow-methods")?.contains("PUT") == true)
      #expect(try preflight("https://evil.example.com", "PUT").status == 400)
      #expect(try preflight("https://console.example.com", "TRACE").status == 400)
      let call = { (origin: String) throws in
        try gatehouse.send("GET", "/platform/monitor/liveness", headers: ["Origin": origin])
      }
      #expect(try call("https://console.example.com").headers("access-control-allow-origin").count == 1)
      #expect(try call("https://evil.example.com").header("access-control-allow-origin") == nil)
    }
  }

  @Test("the strict envelope answers 200 with the status in the body")
  func envelope() async throws {
    try await withGatehouse(["STRICT_RESPONSE_ENVELOPE": "true"]) { (gatehouse: GatehouseProcess) async throws in
      let token = try gatehouse.logIn()
      let me = try gatehouse.send("GET", "/platform/user/me", token: token).json
      #expect(me.value(at: "status_code") == 200)
      #expect(me.value(at: "response.username") == "admin")
      let missing = try gatehouse.send("GET", "/platform/user/nobody", token: token)
      #expect(missing.status == 200)
      #expect(missing.json.value(at: "status_code") == 404)
      #expect(missing.code == "USR002")
      let dump = try gatehouse.send("POST", "/platform/memory/dump", token: token).json
      #expect(dump.value(at: "response.path")?.string?.hasSuffix(".bin") == true)
    }
  }

  @Test("the settings send no dump to where no start looks, and revocations survive a restart")
  func settingsAndRevocations() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      let token = try await withGatehouse(dumps: generated) { (gatehouse: GatehouseProcess) async throws in
        let token = try gatehouse.logIn()
        let other = try gatehouse.logIn()
        let put = { (name: String) throws -> HTTPAnswer in
          let path = generated.appending(path: name).path()
          return try gatehouse.send(
            "PUT", "/platform/security/settings", token: token, json: ["dump_path": .string(path)])
        }
        let refused = try put("renamed.bin")
        #expect(refused.status == 400 && refused.code == "MEM004")
        #expect(refused.text.contains("memory_dump.bin"))
        for same in ["memory_dump.bin", "memory_dump", ""] { #expect(try put(same).status == 200, "\(same)") }
        let dump = try gatehouse.send("POST", "/platform/memory/dump", token: token).json.value(at: "response.path")?
          .string
        #expect(dump?.contains("/memory_dump-") == true)
        #expect(try gatehouse.send("POST", "/platform/authorization/invalidate", token: other).status == 200)
        #expect(try gatehouse.send("GET", "/platform/user/me", token: other).status == 401)
        // A restore of an older state does not make a revoked token valid again.
        #expect(try gatehouse.send("POST", "/platform/memory/restore", token: token).status == 200)
        #expect(try gatehouse.send("GET", "/platform/user/me", token: other).status == 401)
        #expect(try gatehouse.stop() == 0)
        return other
      }
      try await withGatehouse(dumps: generated) { (gatehouse: GatehouseProcess) async throws in
        #expect(try gatehouse.send("GET", "/platform/user/me", token: token).status == 401)
      }
    }
  }
}
