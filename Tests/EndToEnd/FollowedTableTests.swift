import JSON
import TestSupport
import Testing

@Suite("The data plane of a task on standby")
struct FollowedTableTests {
  private static let path = "/platform/endpoint/GET/test/v1/%7Bcase%7D"
  private static let endpoint: JSONValue = [
    "api_name": "test", "api_version": "v1", "endpoint_method": "GET", "endpoint_uri": "/{case}",
    "endpoint_description": "of a test",
  ]

  /// Calls the body with two tasks and an API `test` that the writer has made since both run.
  private func withAPI(
    _ settings: [String: String] = [:], isPublic: Bool, _ body: (_ tasks: LinkedTasks) throws -> Void
  ) async throws {
    let server = try ScriptedServer(UpstreamScripts.run)
    defer { server.stop() }
    try await LinkedTasks.with(settings) { (tasks: LinkedTasks) async throws in
      try tasks.writer.createAPI("test", servers: [server.url], token: tasks.token, ["api_public": .bool(isPublic)])
      try body(tasks)
    }
  }

  private func call(_ tasks: LinkedTasks, as caller: String?) throws -> HTTPAnswer {
    try tasks.standby.send("GET", "/api/rest/test/v1/good", token: caller)
  }

  /// Whether calls at the standby get this answer, now or in a while.
  private func answers(_ tasks: LinkedTasks, _ status: Int, _ code: String?, as caller: String?) -> Bool {
    eventually { () -> Bool? in
      guard let answer = try? call(tasks, as: caller) else { return nil }
      return answer.status == status && answer.code == code ? true : nil
    } == true
  }

  @Test("has the changes of the writer: APIs, endpoints, subscriptions, users, restores and tokens")
  func changes() async throws {
    try await withAPI(isPublic: false) { tasks in
      let (writer, token) = (tasks.writer, tasks.token)
      let caller = try writer.createCaller("caller", token: token, apis: ["test"])
      #expect(answers(tasks, 200, nil, as: caller))
      let subscription: JSONValue = ["username": "caller", "api_name": "test", "api_version": "v1"]
      try writer.expect("POST", "/platform/subscription/unsubscribe", token, subscription)
      #expect(answers(tasks, 403, "GTW403", as: caller))
      try writer.expect("POST", "/platform/subscription/subscribe", token, subscription)
      #expect(answers(tasks, 200, nil, as: caller))
      try writer.expect("PUT", "/platform/user/caller", token, ["groups": []])
      #expect(answers(tasks, 401, "GTW402", as: caller))
      try writer.expect("PUT", "/platform/user/caller", token, ["groups": ["ALL"]])
      #expect(answers(tasks, 200, nil, as: caller))

      let dump = try writer.send("POST", "/platform/memory/dump", token: token)
      let path = try #require(dump.json.value(at: "response.path")?.string, "\(dump.text)")
      try writer.expect("DELETE", Self.path, token, [:])
      #expect(answers(tasks, 404, "GTW003", as: caller))
      try writer.expect("DELETE", "/platform/api/test/v1", token, [:])
      #expect(answers(tasks, 404, "GTW001", as: caller))
      try writer.expect("POST", "/platform/memory/restore", token, ["path": .string(path)])
      #expect(answers(tasks, 200, nil, as: caller))
      try writer.expect("POST", "/platform/authorization/admin/revoke/caller", token, [:])
      #expect(answers(tasks, 401, "GTW401", as: caller))
    }
  }

  @Test("has a change that was made through the standby when that is answered", arguments: ["always", "interval"])
  func forwarded(mode: String) async throws {
    try await withAPI(["MEM_JOURNAL": mode], isPublic: true) { tasks in
      #expect(answers(tasks, 200, nil, as: nil))
      for number in 1...20 {
        let deleted = try tasks.send("DELETE", Self.path)
        #expect(deleted.status == 200, "\(deleted.text)")
        #expect(try call(tasks, as: nil).code == "GTW003", "change \(2 * number - 1)")
        let created = try tasks.send("POST", "/platform/endpoint", Self.endpoint)
        #expect(created.status == 201, "\(created.text)")
        #expect(try call(tasks, as: nil).status == 200, "change \(2 * number)")
      }
    }
  }
}
