import Foundation
import Glibc
import JSON
import TestSupport
import Testing

/// Two tasks on one directory, each through a mount of its own, and an API `test` that both serve.
private struct MountedTasks {
  let (one, other): (HangingVolume, HangingVolume)
  let (writer, standby): (GatehouseProcess, GatehouseProcess)
  let token: String

  init(_ one: HangingVolume, _ other: HangingVolume, server: String) throws {
    (self.one, self.other) = (one, other)
    // Two mounts don't see each other's locks, so a take-over needs the time of a lease.
    let settings = ["HANDOVER_WAIT": "60"]
    writer = try GatehouseProcess(dumps: one.url, settings)
    try writer.waitUntilReady()
    token = try writer.logIn()
    try writer.createAPI("test", servers: [server], token: token)
    standby = try GatehouseProcess(dumps: other.url, settings)
    try standby.waitUntilReady()
  }

  func end() {
    // A process in a call of a volume that hangs does not end.
    for volume in [one, other] { volume.goOn() }
    for task in [writer, standby] where task.isRunning { task.signal(SIGKILL) }
  }

  func add(_ name: String, _ task: GatehouseProcess) throws -> HTTPAnswer {
    try task.send("POST", "/platform/group", token: token, json: ["group_name": .string(name)])
  }

  func has(_ name: String, _ task: GatehouseProcess) throws -> Bool {
    try task.send("GET", "/platform/group/\(name)", token: token).status == 200
  }

  func serves(_ task: GatehouseProcess) throws -> Bool {
    try task.send("GET", "/api/rest/test/v1/good").status == 200
  }

  /// Whether the readiness of a task has this status, now or in a while.
  func hasReadiness(_ status: Int, _ task: GatehouseProcess) -> Bool {
    eventually(within: .seconds(90)) { () -> Bool? in
      (try? task.send("GET", "/platform/monitor/readiness").status) == status ? true : nil
    } == true
  }
}

@Suite("A volume that hangs for one of two tasks")
struct OneHangingMountTests {
  private func withTasks(_ body: (_ tasks: MountedTasks) throws -> Void) async throws {
    let server = try ScriptedServer(UpstreamScripts.run)
    defer { server.stop() }
    try await withTemporaryDirectory { (root: URL) async throws in
      let directory = root.appending(path: "behind")
      guard let one = HangingVolume(root.appending(path: "one"), over: directory),
        let other = HangingVolume(root.appending(path: "other"), over: directory)
      else {
        try skip("there is no FUSE, or no bindfs")
        return
      }
      let tasks = try MountedTasks(one, other, server: server.url)
      defer { tasks.end() }
      try body(tasks)
    }
  }

  @Test("makes the standby unready and costs nothing else; later the standby has all changes")
  func standby() async throws {
    try await withTasks { (tasks: MountedTasks) throws in
      #expect(try tasks.add("before", tasks.writer).status == 201)
      #expect(eventually { (try? tasks.has("before", tasks.standby)) == true ? true : nil } == true)
      tasks.other.hang()
      #expect(try tasks.add("during", tasks.writer).status == 201)
      #expect(tasks.hasReadiness(503, tasks.standby))
      // It answers calls that reach it, and reads from the state that it has. It does not let them wait for
      // HANDOVER_WAIT, as its volume does not answer.
      let clock = ContinuousClock()
      let start = clock.now
      #expect(try tasks.serves(tasks.standby) && tasks.has("before", tasks.standby))
      #expect(clock.now - start < .seconds(50))
      #expect(try tasks.serves(tasks.writer) && tasks.has("during", tasks.writer))
      #expect(try tasks.add("more", tasks.writer).status == 201)
      tasks.other.goOn()
      #expect(tasks.hasReadiness(200, tasks.standby))
      for name in ["before", "during", "more"] {
        #expect(eventually { (try? tasks.has(name, tasks.standby)) == true ? true : nil } == true, "\(name)")
      }
      #expect(!tasks.standby.log.contains("took over the lease"))
    }
  }

  /// Makes changes through the standby, under new names, until one is acknowledged. Those before it are refused, or may
  /// be lost with the task that writes, and their answers say so.
  ///
  /// - Returns: its name.
  private func acknowledged(_ tasks: MountedTasks) -> String? {
    var number = 0
    return eventually(within: .seconds(120)) { () -> String? in
      number += 1
      guard let answer = try? tasks.add("during-\(number)", tasks.standby) else { return nil }
      #expect(answer.status == 201 || answer.code == "GTW504", "\(answer.status) \(answer.text)")
      return answer.status == 201 ? "during-\(number)" : nil
    }
  }

  @Test("hands the writing over to the other task, and what was acknowledged before is there at both")
  func writer() async throws {
    try await withTasks { (tasks: MountedTasks) throws in
      #expect(try tasks.add("before", tasks.writer).status == 201)
      tasks.one.hang()
      #expect(try tasks.serves(tasks.standby))
      let taken = acknowledged(tasks)
      #expect(tasks.standby.logs("took over the lease"), "\(tasks.standby.log)")
      #expect(try tasks.has("before", tasks.standby) && tasks.serves(tasks.standby))
      #expect(try tasks.serves(tasks.writer))
      tasks.one.goOn()
      try tasks.writer.waitForLog("lost the lease")
      #expect(tasks.hasReadiness(200, tasks.writer))
      let last = try #require(taken)
      for name in ["before", last] {
        #expect(eventually { (try? tasks.has(name, tasks.writer)) == true ? true : nil } == true, "\(name)")
      }
      let handed = try tasks.add("handed on", tasks.writer)
      #expect(handed.status == 201, "\(handed.text)")
    }
  }
}
