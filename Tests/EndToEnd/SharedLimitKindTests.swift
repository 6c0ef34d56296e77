import Foundation
import JSON
import TestSupport
import Testing

@Suite("Limits of each kind while two tasks serve")
struct SharedLimitKindTests {
  /// Calls the body when the standby has its share.
  ///
  /// - Parameter limits: those of the caller.
  private func withTasks(
    _ limits: JSONObject, _ body: (_ tasks: LinkedTasks, _ caller: String) throws -> Void
  ) async throws {
    let server = try ScriptedServer(UpstreamScripts.run)
    defer { server.stop() }
    try await withTemporaryDirectory { (root: URL) async throws in
      let directory = root.appending(path: "generated")
      try await withGatehouse(dumps: directory) { (first: GatehouseProcess) async throws in
        let token = try first.logIn()
        try first.createAPI("test", servers: [server.url], token: token, ["api_public": false])
        let caller = try first.createCaller("caller", token: token, apis: ["test"], limits)
        let other = try first.createCaller("other", token: token, apis: ["test"], rateLimit(1_000_000))
        try await LinkedTasks.with(directory: directory, writer: first, token: token) { tasks in
          let hasShare = eventually { passes(other, at: tasks.standby) }
          #expect(hasShare == true)
          try body(tasks, caller)
        }
      }
    }
  }

  /// Returns true when a call passes, else nothing.
  private func passes(_ token: String, at task: GatehouseProcess) -> Bool? {
    (try? task.send("GET", "/api/rest/test/v1/good", token: token).status) == 200 ? true : nil
  }

  /// Sends one call on each of many connections at once, and returns how many passed. The others are over the limit.
  private func callAtOnce(_ count: Int, _ task: GatehouseProcess, _ caller: String, over code: String) throws -> Int {
    let answers = try task.callAtOnce(count, token: caller)
    #expect(answers.allSatisfy { $0.status == 200 || $0.code == code }, "\(answers.map(\.status))")
    return answers.count { $0.status == 200 }
  }

  @Test("let no more bytes pass through both tasks together than a bandwidth says")
  func bandwidth() async throws {
    let (limit, body) = (40_000, [UInt8](repeating: UInt8(ascii: "b"), count: 2000))
    let limits: JSONObject = ["bandwidth_limit_bytes": .integer(limit), "bandwidth_limit_window": "month"]
    try await withTasks(limits) { tasks, caller in
      var passed = 0
      for number in 0..<60 {
        let task = number.isMultiple(of: 2) ? tasks.writer : tasks.standby
        let answer = try task.send("POST", "/api/rest/test/v1/good", token: caller, raw: body)
        #expect(answer.status == 200 || answer.code == "GTW431", "\(answer.status) \(answer.text)")
        if answer.status == 200 { passed += 1 }
      }
      // Header fields and answers count, too, so a few calls fewer than twenty pass.
      #expect(passed * body.count <= limit)
      #expect(passed > 11)
    }
  }

  @Test("let exactly as many calls pass through both tasks together as the queue of a throttle has places")
  func throttle() async throws {
    let limits: JSONObject = [
      "throttle_duration": 1000, "throttle_duration_type": "year", "throttle_queue_limit": 21,
    ]
    try await withTasks(limits) { tasks, caller in
      var passed = 0
      let isUsedUp = eventually { () -> Bool? in
        for task in [tasks.writer, tasks.standby] {
          passed += (try? callAtOnce(15, task, caller, over: "GTW430")) ?? 0
        }
        return passed >= 21 ? true : nil
      }
      #expect(isUsedUp == true)
      for task in [tasks.writer, tasks.standby] {
        passed += try callAtOnce(15, task, caller, over: "GTW430")
      }
      #expect(passed == 21)
    }
  }

  @Test("are all the writer's again when the standby stops, less what was used there")
  func leaving() async throws {
    let limit = 200
    try await withTasks(rateLimit(limit)) { tasks, caller in
      var passed = try callAtOnce(20, tasks.standby, caller, over: "GTW429")
      #expect(passed == 20)
      #expect(try tasks.standby.stop() == 0)
      // Without what the standby left, the writer has half.
      let hasAll = eventually { () -> Bool? in
        passed += (try? callAtOnce(40, tasks.writer, caller, over: "GTW429")) ?? 0
        return passed > 20 + limit / 2 + 20 ? true : nil
      }
      #expect(hasAll == true, "\(passed)")
      for _ in 0..<5 { passed += try callAtOnce(40, tasks.writer, caller, over: "GTW429") }
      #expect(passed <= limit)
    }
  }
}
