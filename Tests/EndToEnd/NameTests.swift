import Foundation
import JSON
import TestSupport
import Testing

@Suite("Names and passwords from callers")
struct NameTests {
  private static let api: JSONObject = [
    "api_description": "d", "api_allowed_roles": ["admin"], "api_allowed_groups": ["ALL"],
    "api_servers": ["http://127.0.0.1:9"], "api_type": "REST", "api_allowed_retry_count": 0,
  ]

  /// Bodies that contain a name, by the field that contains it.
  private static func body(_ field: String, _ name: String) -> (path: String, body: JSONObject)? {
    let value = JSONValue.string(name)
    return switch field {
    case "group_name": ("/platform/group", ["group_name": value])
    case "role_name": ("/platform/role", ["role_name": value])
    case "api_name": ("/platform/api", api.merging(["api_name": value, "api_version": "v1"]))
    case "api_version": ("/platform/api", api.merging(["api_name": "orders", "api_version": value]))
    case "client_key":
      ("/platform/routing", ["routing_name": "r", "routing_servers": ["http://127.0.0.1:9"], "client_key": value])
    case "username":
      (
        "/platform/user",
        [
          "username": value, "email": .string("\(name)@example.com"), "password": "Example-Passw0rd!x", "role": "admin",
          "groups": [],
        ]
      )
    case "endpoint_uri", "endpoint_method":
      (
        "/platform/endpoint",
        JSONObject([
          ("api_name", "orders"), ("api_version", "v1"), ("endpoint_method", "GET"), ("endpoint_uri", "/items"),
          ("endpoint_description", "d"), (field, value),
        ])
      )
    default: nil
    }
  }

  @Test(
    "that no path reaches are refused",
    arguments: [
      ("group_name", [".", "..", "a\nb", "\u{0}", "\u{7F}", "all"]),
      ("role_name", [".", "..", "a\rb", "a\u{0}", "all"]), ("api_name", [".", "..", "a/b", "a?", "#", "a\tb"]),
      ("api_version", [".", "..", "v/1", "\u{1}"]), ("client_key", [".", "..", "a\nb", " a", "a ", "all"]),
      ("username", ["a\nb", "ab\u{0}", "all"]), ("endpoint_method", [".", ".."]),
      ("endpoint_uri", ["/..", "/a/../b", ".", "/a/.", "/a/./b", "..", "/a\nb"]),
    ])
  func refused(field: String, names: [String]) async throws {
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      let token = try gatehouse.logIn()
      let orders = Self.api.merging(["api_name": "orders", "api_version": "v1"])
      #expect(try gatehouse.send("POST", "/platform/api", token: token, json: .object(orders)).status == 201)
      for name in names {
        let (path, body) = try #require(Self.body(field, name))
        let answer = try gatehouse.send("POST", path, token: token, json: .object(body))
        #expect(answer.status == 422 && answer.code == "VAL001", "\(name.debugDescription): \(answer.text)")
        #expect(answer.text.contains("'\(field)'"), "\(answer.text)")
      }
    }
  }

  @Test(
    "that a path percent-encodes are accepted, and can be requested",
    arguments: [
      ("group_name", "/platform/group/"), ("role_name", "/platform/role/"), ("client_key", "/platform/routing/"),
    ])
  func taken(field: String, place: String) async throws {
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      let token = try gatehouse.logIn()
      for name in ["...", "..a", "a..", "a/b", "a b", "%2e", "50%", "a?b", "a#b", "é", "e\u{301}", "\u{1F600}"] {
        let (path, body) = try #require(Self.body(field, name))
        #expect(try gatehouse.send("POST", path, token: token, json: .object(body)).status == 201, "\(name)")
        let spelled = name.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let answer = try gatehouse.send("GET", place + spelled, token: token)
        #expect(answer.json.object?[field]?.string?.hasSameBytes(as: name) == true, "\(answer.text)")
        #expect(try gatehouse.send("DELETE", place + spelled, token: token).status == 200)
      }
    }
  }

  @Test("a password that can't be hashed is refused wherever one is set, and never matches at a login")
  func passwords() async throws {
    // These are 73 bytes in 46 characters. bcrypt would ignore the last byte.
    let long = "Aa1!" + String(repeating: "é", count: 30) + String(repeating: "x", count: 9)
    let unfit = [long, "Example-Passw0rd\u{0}!x"]
    #expect(long.utf8.count == 73)
    let fits = String(long.dropLast())
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      let token = try gatehouse.logIn()
      let create = { (name: String, password: String) throws in
        try gatehouse.send(
          "POST", "/platform/user", token: token,
          json: [
            "username": .string(name), "email": .string("\(name)@example.com"), "password": .string(password),
            "role": "admin", "groups": [],
          ])
      }
      #expect(try create("carl", fits).status == 201)
      for password in unfit {
        #expect(try create("dora", password).code == "USR005")
        let update = try gatehouse.send(
          "PUT", "/platform/user/carl", token: token, json: ["password": .string(password)])
        #expect(update.status == 400 && update.code == "USR005", "\(update.text)")
        let registration = try gatehouse.send(
          "POST", "/platform/authorization/register",
          json: ["email": "dora@example.com", "password": .string(password)])
        #expect(registration.status == 400 && registration.code == "USR005", "\(registration.text)")
        let login = try gatehouse.send(
          "POST", "/platform/authorization", json: ["email": "dora", "password": .string(password)])
        #expect(login.status == 400 && login.code == "AUTH002", "\(login.text)")
      }
      let short = "Aa1!" + String(repeating: "\u{1F600}", count: 30)
      for password in [short, "Example-P4ss\u{0}!word"] {
        let change = try gatehouse.send(
          "PUT", "/platform/user/carl/update-password", token: token, json: ["new_password": .string(password)])
        #expect(change.status == 400 && change.code == "USR005", "\(change.text)")
      }
      _ = try gatehouse.logIn("carl", fits)
    }
  }

  @Test("a password of the environment that can't be hashed prevents the start")
  func environment() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let long = String(repeating: "x", count: 73)
      let changes = ["DOORMAN_ADMIN_PASSWORD": long, "SIDECAR_USERNAME": "sidecar", "SIDECAR_PASSWORD": "é" + long]
      let process = try GatehouseProcess(dumps: root.appending(path: "g"), changes)
      #expect(try process.waitForExit() == 78)
      #expect(process.logs("DOORMAN_ADMIN_PASSWORD: has 73 bytes"))
      #expect(process.logs("SIDECAR_PASSWORD: has 75 bytes"))
    }
  }
}
