import Foundation
import Glibc
import JSON
import TestSupport
import Testing

/// Two tasks on one volume, of which one has a wall clock that is a day ahead of the other's.
private struct DayApart {
  static let limit = 41

  let writer: GatehouseProcess
  let standby: GatehouseProcess
  /// Tokens end by the clock of the task that a client asks. These are of the task whose clock is ahead.
  let token: String
  let caller: String

  /// - Parameter clock: settings that move the clock of a task by some seconds.
  init(_ directory: URL, isWriterWrong: Bool, server: String, _ clock: (Int) -> [String: String]) throws {
    writer = try GatehouseProcess(dumps: directory, clock(isWriterWrong ? Self.skew : 0))
    try writer.waitUntilReady()
    let first = try writer.logIn()
    try writer.createAPI("test", servers: [server], token: first, ["api_public": false])
    // A window that ends while no test runs, as good as never.
    let rate: JSONObject = ["rate_limit_duration": .integer(Self.limit), "rate_limit_duration_type": "year"]
    _ = try writer.createCaller("caller", token: first, apis: ["test"], rate)
    standby = try GatehouseProcess(dumps: directory, clock(isWriterWrong ? 0 : Self.skew))
    try standby.waitUntilReady()
    let ahead = isWriterWrong == (Self.skew > 0) ? writer : standby
    token = try ahead.logIn()
    caller = try ahead.logIn("caller@example.com", "Example-Passw0rd!x")
  }

  /// A day, back or forward, so that both tasks are in one year of the limit.
  static let skew: Int = {
    let now = Int(Date().timeIntervalSince1970)
    return now % 31_536_000 < 200_000 ? 86_400 : -86_400
  }()

  func end() {
    for task in [writer, standby] where task.isRunning { task.signal(SIGKILL) }
  }

  func add(_ name: String, _ task: GatehouseProcess) throws -> HTTPAnswer {
    try task.send("POST", "/platform/group", token: token, json: ["group_name": .string(name)])
  }

  func has(_ name: String, _ task: GatehouseProcess) throws -> Bool {
    try task.send("GET", "/platform/group/\(name)", token: token).status == 200
  }

  /// Sends one call on each of many connections at once, and returns how many passed.
  func callAtOnce(_ count: Int, _ task: GatehouseProcess) throws -> Int {
    let connections = try (0..<count).map { _ in try HTTPConnection(port: task.port) }
    for connection in connections {
      try connection.send(call("/good", "GET", "Authorization: Bearer \(caller)\r\n"))
    }
    let statuses = try connections.map { try $0.receive().status }
    #expect(statuses.allSatisfy { $0 == 200 || $0 == 429 }, "\(statuses)")
    return statuses.count { $0 == 200 }
  }
}

@Suite("Two tasks whose clocks are a day apart")
struct DayApartTests {
  /// Calls the body with both tasks, unless there is no clang.
  private func withTasks(
    isWriterWrong: Bool, _ body: (DayApart, _ restart: () throws -> GatehouseProcess) async throws -> Void
  ) async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let library = root.appending(path: "skewed-clock.so").path()
      let source = try Fixture.url("skewed-clock.c").path()
      guard try Wrapper.run(["clang", "-shared", "-fPIC", "-o", library, source]) else {
        try skip("there is no clang, which comes with Swift")
        return
      }
      let server = try ScriptedServer(UpstreamScripts.run)
      defer { server.stop() }
      let clock = { (seconds: Int) in
        ["LD_PRELOAD": library, "SKEW_SECONDS": "\(seconds)", "HANDOVER_WAIT": "30"]
      }
      let directory = root.appending(path: "generated")
      let tasks = try DayApart(directory, isWriterWrong: isWriterWrong, server: server.url, clock)
      defer { tasks.end() }
      try await body(tasks) { try GatehouseProcess(dumps: directory, clock(isWriterWrong ? DayApart.skew : 0)) }
    }
  }

  @Test(
    "serve logins, reads and changes, allow together what a limit allows, and follow each other through a take-over",
    arguments: [true, false])
  func service(isWriterWrong: Bool) async throws {
    try await withTasks(isWriterWrong: isWriterWrong) { tasks, restart in
      for task in [tasks.writer, tasks.standby] {
        let own = try task.logIn()
        #expect(try task.send("GET", "/platform/user/me", token: own).status == 200)
      }
      let forwarded = try tasks.add("forwarded", tasks.standby)
      #expect(forwarded.status == 201, "\(forwarded.text)")
      #expect(try tasks.has("forwarded", tasks.standby) && tasks.has("forwarded", tasks.writer))
      #expect(try tasks.add("direct", tasks.writer).status == 201)
      #expect(eventually { (try? tasks.has("direct", tasks.standby)) == true ? true : nil } == true)

      var passed = 0
      let isUsedUp = eventually(within: .seconds(90)) {
        passed += (try? tasks.callAtOnce(10, tasks.writer)) ?? 0
        passed += (try? tasks.callAtOnce(10, tasks.standby)) ?? 0
        return passed >= DayApart.limit ? true : nil
      }
      #expect(isUsedUp == true)
      #expect(passed == DayApart.limit)

      tasks.writer.signal(SIGKILL)
      _ = try tasks.writer.waitForExit()
      let later = try tasks.add("later", tasks.standby)
      #expect(later.status == 201, "\(later.text)\n\(tasks.standby.log)")
      #expect(try tasks.has("forwarded", tasks.standby) && tasks.has("direct", tasks.standby))
      #expect(try tasks.callAtOnce(20, tasks.standby) == 0)

      let next = try restart()
      defer { next.signal(SIGKILL) }
      try next.waitUntilReady()
      for name in ["forwarded", "direct", "later"] { #expect(try tasks.has(name, next), "\(name)") }
      #expect(try tasks.add("last", next).status == 201)
      #expect(try tasks.has("last", tasks.standby))
    }
  }
}
