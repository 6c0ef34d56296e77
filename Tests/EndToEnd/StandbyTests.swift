import Foundation
import Glibc
import JSON
import TestSupport
import Testing

/// A writer and a task that follows it, on one directory.
private struct TwoTasks {
  let directory: URL
  let writer: GatehouseProcess
  let standby: GatehouseProcess
  /// The first user's token. Both tasks have the key of tokens.
  let token: String

  init(_ directory: URL, _ settings: [String: String] = [:]) throws {
    self.directory = directory
    writer = try GatehouseProcess(dumps: directory, settings)
    try writer.waitUntilReady()
    token = try writer.logIn()
    standby = try GatehouseProcess(dumps: directory, settings)
    try standby.waitUntilReady()
  }

  func add(_ name: String) throws {
    let answer = try writer.send("POST", "/platform/group", token: token, json: ["group_name": .string(name)])
    try #require(answer.status == 201, "\(answer.text)")
  }

  func has(_ name: String, _ task: GatehouseProcess? = nil) -> Bool {
    (try? (task ?? standby).send("GET", "/platform/group/\(name)", token: token).status) == 200
  }

  /// Waits until the standby answers so.
  func follows(_ isTrue: @escaping () throws -> Bool) -> Bool {
    eventually { (try? isTrue()) == true ? true : nil } == true
  }

  func readiness() throws -> JSONObject? { try standby.send("GET", "/platform/monitor/readiness").json.object }
}

@Suite("A task on standby")
struct StandbyTests {
  private static func withTasks(
    _ settings: [String: String] = [:], _ body: (TwoTasks) async throws -> Void
  ) async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let tasks = try TwoTasks(root.appending(path: "generated"), settings)
      try await body(tasks)
      _ = try? tasks.standby.stop()
      _ = try? tasks.writer.stop()
    }
  }

  @Test(
    "has the changes of the writer: what was added, what was deleted, and what was revoked",
    arguments: ["always", "interval"])
  func changes(mode: String) async throws {
    try await Self.withTasks(["MEM_JOURNAL": mode]) { tasks in
      try tasks.add("one ü")
      #expect(tasks.follows { tasks.has("one%20%C3%BC") })
      #expect(try tasks.writer.send("DELETE", "/platform/group/one%20%C3%BC", token: tasks.token).status == 200)
      #expect(tasks.follows { !tasks.has("one%20%C3%BC") })
      let other = try tasks.writer.logIn()
      #expect(try tasks.standby.send("GET", "/platform/user/me", token: other).status == 200)
      #expect(try tasks.writer.send("POST", "/platform/authorization/invalidate", token: other).status == 200)
      #expect(tasks.follows { try tasks.standby.send("GET", "/platform/user/me", token: other).status == 401 })
    }
  }

  @Test("follows through dumps and a restore, and says how far it is behind")
  func dumps() async throws {
    try await Self.withTasks { tasks in
      try tasks.add("before")
      let dump = try tasks.writer.send("POST", "/platform/memory/dump", token: tasks.token)
      let path = try #require(dump.json.value(at: "response.path")?.string)
      try tasks.add("after")
      #expect(tasks.follows { tasks.has("after") })
      let restored = try tasks.writer.send(
        "POST", "/platform/memory/restore", token: tasks.token, json: ["path": .string(path)])
      #expect(restored.status == 200)
      #expect(tasks.follows { !tasks.has("after") && tasks.has("before") })
      let readiness = try #require(try tasks.readiness())
      #expect(readiness["status"] == "ready" && readiness["writer"] == false)
      #expect(readiness["lag_ms"]?.number?.int != nil)
      let metrics = try tasks.standby.send("GET", "/metrics").text
      #expect(metrics.contains("\ngatehouse_writer 0\n"))
      #expect(metrics.contains("\ngatehouse_standby_lag_seconds "))
      let writers = try tasks.writer.send("GET", "/metrics").text
      #expect(writers.contains("\ngatehouse_writer 1\n") && !writers.contains("gatehouse_standby_lag_seconds"))
    }
  }

  @Test(
    "takes over without loading a dump, with every change, after SIGTERM and SIGKILL", arguments: [SIGTERM, SIGKILL])
  func takeOver(signal: Int32) async throws {
    try await Self.withTasks { tasks in
      for number in 0..<30 { try tasks.add("g\(number)") }
      #expect(try tasks.writer.send("POST", "/platform/memory/dump", token: tasks.token).status == 200)
      try tasks.add("last")
      tasks.writer.signal(signal)
      _ = try tasks.writer.waitForExit()
      #expect(tasks.follows { try tasks.readiness()?["writer"] == nil })
      try tasks.standby.waitForLog("none: the state here is the newest")
      for name in ["g0", "g29", "last"] { #expect(tasks.has(name)) }
      let answer = try tasks.standby.send(
        "POST", "/platform/group", token: tasks.token, json: ["group_name": "of the next"])
      #expect(answer.status == 201)
      // A task that starts now follows the one that took over.
      let third = try GatehouseProcess(dumps: tasks.directory)
      try third.waitUntilReady()
      #expect(tasks.follows { tasks.has("of%20the%20next", third) && tasks.has("last", third) })
      #expect(try third.stop() == 0)
    }
  }

  @Test("is not ready while it can't read the writer's changes")
  func behind() async throws {
    try await Self.withTasks { tasks in
      try tasks.add("one")
      #expect(tasks.follows { tasks.has("one") })
      // The writer's files are there, and open for nobody.
      let journals = names(in: tasks.directory).filter { $0.contains(".journal-") }
      try #require(!journals.isEmpty)
      for name in journals { try Data("no journal".utf8).write(to: tasks.directory.appending(path: name)) }
      #expect(eventually(within: .seconds(60)) { (try? tasks.readiness()?["status"]) == "behind" ? true : nil } == true)
      try tasks.standby.waitForLog("the holder's changes can't be followed")
      #expect(try tasks.standby.send("GET", "/platform/monitor/readiness").status == 503)
      #expect(try tasks.standby.send("GET", "/platform/monitor/liveness").status == 200)
      // A dump of the writer has everything, and needs no journal before it.
      #expect(try tasks.writer.send("POST", "/platform/memory/dump", token: tasks.token).status == 200)
    }
  }

  @Test("that could not read the changes does not get ready when the writer is gone, until it has them")
  func behindAtTakeOver() async throws {
    try await Self.withTasks { tasks in
      try tasks.add("one")
      #expect(tasks.follows { tasks.has("one") })
      let journals = names(in: tasks.directory).filter { $0.contains(".journal-") }
        .map { tasks.directory.appending(path: $0) }
      try #require(!journals.isEmpty)
      let contents = try journals.map { try Data(contentsOf: $0) }
      // This is longer than the beginning of a journal, which a crash may leave incomplete.
      for journal in journals { try Data(repeating: 90, count: 8192).write(to: journal, options: .atomic) }
      #expect(eventually(within: .seconds(60)) { (try? tasks.readiness()?["status"]) == "behind" ? true : nil } == true)
      tasks.writer.signal(SIGKILL)
      _ = try tasks.writer.waitForExit()
      try tasks.standby.waitForLog("took over the lease, but the newest dump can't be restored")
      for _ in 0..<5 {
        let answer = try tasks.standby.send("GET", "/platform/monitor/readiness")
        #expect(answer.status == 503, "\(answer.text)")
        #expect(answer.json.object?["status"] == "behind")
      }
      for (journal, bytes) in zip(journals, contents) { try bytes.write(to: journal, options: .atomic) }
      #expect(tasks.follows { try tasks.standby.send("GET", "/platform/monitor/readiness").status == 200 })
      #expect(try tasks.readiness()?["writer"] == nil)
      #expect(tasks.has("one"))
    }
  }
}
