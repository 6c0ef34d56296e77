import Foundation
import Glibc
import JSON
import TestSupport
import Testing

@Suite("Limits while two tasks serve")
struct SharedLimitTests {
  private func withTasks(
    _ count: Int, before: Int = 0, _ body: (_ tasks: LinkedTasks, _ caller: String, _ other: String) throws -> Void
  ) async throws {
    let server = try ScriptedServer(UpstreamScripts.run)
    defer { server.stop() }
    try await withTemporaryDirectory { (root: URL) async throws in
      let directory = root.appending(path: "generated")
      try await withGatehouse(dumps: directory) { (first: GatehouseProcess) async throws in
        let token = try first.logIn()
        try first.createAPI("test", servers: [server.url], token: token, ["api_public": false])
        let caller = try first.createCaller("caller", token: token, apis: ["test"], rateLimit(count))
        let other = try first.createCaller("other", token: token, apis: ["test"], rateLimit(1_000_000))
        #expect(try callAtOnce(before, first, caller) == before)
        try await LinkedTasks.with(directory: directory, writer: first, token: token) { tasks in
          // The standby allows calls when it has its share.
          #expect(eventually { passes(tasks.standby, other) ? true : nil } == true)
          try body(tasks, caller, other)
        }
      }
    }
  }

  private func passes(_ task: GatehouseProcess, _ token: String) -> Bool {
    (try? task.send("GET", "/api/rest/test/v1/good", token: token).status) == 200
  }

  /// Sends one call on each of many connections at once, and returns how many passed.
  private func callAtOnce(_ count: Int, _ task: GatehouseProcess, _ token: String) throws -> Int {
    let statuses = try task.callAtOnce(count, token: token).map(\.status)
    #expect(statuses.allSatisfy { $0 == 200 || $0 == 429 })
    return statuses.count { $0 == 200 }
  }

  @Test("let exactly as many calls pass as they say, through both tasks together", arguments: [0, 40])
  func both(before: Int) async throws {
    try await withTasks(61, before: before) { (tasks: LinkedTasks, caller: String, _: String) throws in
      var passed = before
      #expect(
        eventually(within: .seconds(60)) {
          passed += (try? callAtOnce(20, tasks.writer, caller)) ?? 0
          passed += (try? callAtOnce(20, tasks.standby, caller)) ?? 0
          return passed >= 61 ? true : nil
        } == true)
      #expect(passed == 61)
      #expect(try callAtOnce(20, tasks.writer, caller) + callAtOnce(20, tasks.standby, caller) == 0)
    }
  }

  @Test("go to the standby when the other task stops, less what was used")
  func handOver() async throws {
    try await withTasks(60) { (tasks: LinkedTasks, caller: String, other: String) throws in
      #expect(try callAtOnce(25, tasks.writer, caller) == 25)
      #expect(try tasks.writer.stop() == 0)
      var passed = 25
      // Calls that are moving between the tasks at the stop are lost.
      #expect(
        eventually(within: .seconds(60)) {
          passed += (try? callAtOnce(20, tasks.standby, caller)) ?? 0
          return passed >= 40 ? true : nil
        } == true)
      for _ in 0..<5 { passed += try callAtOnce(20, tasks.standby, caller) }
      #expect(passed <= 60)
      #expect(passes(tasks.standby, other))
    }
  }

  @Test("are never exceeded after a crash, and the other task goes on at once with its share")
  func crash() async throws {
    try await withTasks(60) { (tasks: LinkedTasks, caller: String, other: String) throws in
      let before = try callAtOnce(20, tasks.writer, caller)
      tasks.writer.signal(SIGKILL)
      _ = try tasks.writer.waitForExit()
      #expect(passes(tasks.standby, other))
      let after = try callAtOnce(70, tasks.standby, caller)
      #expect(before == 20 && after >= 20 && before + after <= 60)
    }
  }
}
