import JSON
import TestSupport
import Testing

@Suite("A change that is acknowledged is in force at the next call")
struct ChangeInForceTests {
  private struct Stage {
    let gatehouse: GatehouseProcess
    let admin: String
    let caller: String
    /// Some connections for each event loop.
    let connections: [HTTPConnection]

    /// The next call on every connection.
    func expectAll(
      _ status: Int, _ code: String?, _ comment: Comment, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
      let request = call("/good", "GET", "Authorization: Bearer \(caller)\r\n")
      for connection in connections { try connection.send(request) }
      for connection in connections {
        let answer = try connection.receive()
        #expect(answer.status == status && answer.code == code, comment, sourceLocation: sourceLocation)
      }
    }

    func change(_ method: String, _ path: String, _ body: JSONValue = .object([:]), as token: String? = nil) throws {
      try gatehouse.expect(method, path, token ?? admin, body)
    }
  }

  private func withStage(_ body: (Stage, ScriptedServer) throws -> Void) async throws {
    let server = try ScriptedServer(UpstreamScripts.run)
    defer { server.stop() }
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      let admin = try gatehouse.logIn()
      try gatehouse.createAPI("test", servers: [server.url], token: admin, ["api_public": false])
      let caller = try gatehouse.createCaller("caller", token: admin, apis: ["test"])
      let connections = try (0..<16).map { _ in try HTTPConnection(port: gatehouse.port) }
      let stage = Stage(gatehouse: gatehouse, admin: admin, caller: caller, connections: connections)
      try stage.expectAll(200, nil, "at first")
      try body(stage, server)
    }
  }

  @Test("of subscriptions, groups, roles and the API itself")
  func rights() async throws {
    try await withStage { (stage: Stage, _: ScriptedServer) throws in
      let subscription: JSONValue = ["username": "caller", "api_name": "test", "api_version": "v1"]
      for _ in 0..<5 {
        try stage.change("POST", "/platform/subscription/unsubscribe", subscription)
        try stage.expectAll(403, "GTW403", "not subscribed")
        try stage.change("POST", "/platform/subscription/subscribe", subscription)
        try stage.expectAll(200, nil, "subscribed again")
      }
      for (path, change, undo, status, code) in [
        ("/platform/user/caller", ["groups": []], ["groups": ["ALL"]], 401, "GTW402"),
        ("/platform/api/test/v1", ["api_allowed_groups": ["x"]], ["api_allowed_groups": ["ALL"]], 401, "GTW402"),
        (
          "/platform/api/test/v1", ["api_allowed_roles": ["admin"]], ["api_allowed_roles": ["developer"]], 403, "GTW014"
        ),
        ("/platform/api/test/v1", ["active": false], ["active": true], 403, "GTW012"),
      ] as [(String, JSONValue, JSONValue, Int, String)] {
        try stage.change("PUT", path, change)
        try stage.expectAll(status, code, "\(path)")
        try stage.change("PUT", path, undo)
        try stage.expectAll(200, nil, "\(path) undone")
      }
    }
  }

  @Test("of servers, endpoints and the API's existence")
  func routes() async throws {
    try await withStage { (stage: Stage, server: ScriptedServer) throws in
      let other = try ScriptedServer(UpstreamScripts.run)
      defer { other.stop() }
      for target in [other, server, other] {
        let before = target.count(of: "/good")
        try stage.change("PUT", "/platform/api/test/v1", ["api_servers": [.string(target.url)]])
        try stage.expectAll(200, nil, "another server")
        #expect(target.count(of: "/good") == before + stage.connections.count)
      }
      try stage.change("DELETE", "/platform/endpoint/GET/test/v1/%7Bcase%7D")
      try stage.expectAll(404, "GTW003", "no endpoint")
      try stage.gatehouse.expect(
        "POST", "/platform/endpoint", stage.admin,
        [
          "api_name": "test", "api_version": "v1", "endpoint_method": "GET", "endpoint_uri": "/good",
          "endpoint_description": "d",
        ], 201)
      try stage.expectAll(200, nil, "an endpoint")
      try stage.change("DELETE", "/platform/api/test/v1")
      try stage.expectAll(404, "GTW001", "no API")
    }
  }

  @Test("of tokens and users", arguments: ["log out", "revoke", "deactivate", "delete"])
  func users(how: String) async throws {
    try await withStage { (stage: Stage, _: ScriptedServer) throws in
      switch how {
      case "log out": try stage.change("POST", "/platform/authorization/invalidate", as: stage.caller)
      case "revoke": try stage.change("POST", "/platform/authorization/admin/revoke/caller")
      case "deactivate": try stage.change("PUT", "/platform/user/caller", ["active": false])
      default: try stage.change("DELETE", "/platform/user/caller")
      }
      try stage.expectAll(401, "GTW401", "\(how)")
    }
  }

  @Test("and clearing caches lets servers take their turns from the first on")
  func turns() async throws {
    try await withStage { (stage: Stage, server: ScriptedServer) throws in
      let other = try ScriptedServer(UpstreamScripts.run)
      defer { other.stop() }
      try stage.change("PUT", "/platform/api/test/v1", ["api_servers": [.string(other.url), .string(server.url)]])
      let next = { try stage.gatehouse.send("GET", "/api/rest/test/v1/good", token: stage.caller).status }
      for _ in 0..<3 {
        let before = other.count(of: "/good")
        #expect(try next() == 200)
        #expect(other.count(of: "/good") == before + 1, "the first server")
        try stage.change("DELETE", "/api/caches")
      }
    }
  }
}
