import Foundation
import Glibc
import JSON
import TestSupport
import Testing

/// The readiness response, without a login.
private func readiness(_ gatehouse: GatehouseProcess) throws -> JSONObject? {
  try gatehouse.send("GET", "/platform/monitor/readiness").json.object
}

private func isWriter(_ gatehouse: GatehouseProcess) -> Bool {
  guard let answer = try? readiness(gatehouse) else { return false }
  return answer["status"] == "ready" && answer["writer"] == nil && answer["reason"] == nil
}

private func addGroup(_ gatehouse: GatehouseProcess, _ token: String, _ name: String) throws -> HTTPAnswer {
  try gatehouse.send("POST", "/platform/group", token: token, json: ["group_name": .string(name)])
}

private func hasGroup(_ gatehouse: GatehouseProcess, _ token: String, _ name: String) throws -> Bool {
  try gatehouse.send("GET", "/platform/group/\(name)", token: token).status == 200
}

private func dumps(in directory: URL) -> [String] {
  names(in: directory).filter { $0.hasSuffix(".bin") }
}

/// Waits until one of several tasks becomes the writer.
///
/// - Returns: the writer, and the time until then.
private func next(
  _ candidates: [GatehouseProcess], within limit: Duration = .seconds(12), _ what: String
) throws -> GatehouseProcess {
  let start = ContinuousClock.now
  let found = eventually(within: limit) { candidates.first(where: isWriter) }
  guard let found else { throw HTTPFailure(description: "nobody took over:\n\(candidates.map(\.log).joined())") }
  print("take-over after \(what): \(ContinuousClock.now - start)")
  return found
}

private func start(
  _ dumps: URL, _ changes: [String: String] = [:]
) throws -> GatehouseProcess {
  let gatehouse = try GatehouseProcess(dumps: dumps, changes)
  try gatehouse.waitUntilReady()
  return gatehouse
}

/// Runs a program to its end.
///
/// - Returns: whether it exited with 0.
private func run(_ arguments: [String]) throws -> Bool {
  let process = ChildProcess()
  process.executableURL = URL(filePath: "/usr/bin/env")
  process.arguments = arguments
  process.standardError = FileHandle.nullDevice
  try process.run()
  return eventually(within: .seconds(60)) { process.isRunning ? nil : true } == true && process.terminationStatus == 0
}

@Suite("Two tasks on one volume")
struct LeaseTests {
  @Test("have one writer; without a journal the other serves reads and logins, refuses changes and dumps, and says why")
  func standby() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      let settings = ["MEM_JOURNAL": "off"]
      let first = try start(generated, settings)
      let token = try first.logIn()
      #expect(try addGroup(first, token, "one").status == 201)
      #expect(try first.send("POST", "/platform/memory/dump", token: token).json.value(at: "response.sequence") == 1)
      let second = try start(generated, settings)
      #expect(isWriter(first))
      let answer = try #require(try readiness(second))
      #expect(answer["status"] == "ready")
      #expect(answer["writer"] == false)
      let reason = try #require(answer["reason"]?.string)
      #expect(reason.hasPrefix("another task holds the lease of this volume since 20"))
      #expect(reason.hasSuffix("; changes and dumps are refused here until it ends"))
      try second.waitForLog("standby: another task holds the lease")
      try second.waitForLog("lease.holder")

      let other = try second.logIn()
      #expect(try hasGroup(second, other, "one"))
      #expect(try second.send("POST", "/platform/authorization/refresh", token: other).status == 200)
      #expect(try second.send("GET", "/platform/authorization/status", token: other).status == 200)
      let count = dumps(in: generated).count
      for (method, path) in [
        ("POST", "/platform/group"), ("PUT", "/platform/security/settings"), ("DELETE", "/platform/group/one"),
        ("POST", "/platform/memory/restore"), ("POST", "/platform/authorization/invalidate"),
      ] {
        let refused = try second.send(method, path, token: other, json: ["group_name": "two"])
        #expect(refused.status == 503, "\(method) \(path)")
        #expect(refused.code == "GTW504")
        #expect(refused.header("retry-after") == "5")
      }
      #expect(try second.send("POST", "/platform/group", json: ["group_name": "two"]).status == 401)
      let refused = try second.send("POST", "/platform/memory/dump", token: other)
      #expect(refused.status == 409)
      #expect(refused.code == "MEM007")
      #expect(refused.text.contains("epoch 1"))
      second.signal(SIGUSR1)
      #expect(second.logs("no dump written"))
      #expect(try second.stop() == 0)
      #expect(second.logs("stopped without a dump"))
      #expect(dumps(in: generated).count == count)
      #expect(isWriter(first))
      #expect(try addGroup(first, token, "three").status == 201)
    }
  }

  @Test("hand over at a clean stop: the next one has every change that was acknowledged, and dumps above it")
  func cleanStop() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      let first = try start(generated)
      let second = try start(generated)
      let third = try start(generated)
      let token = try first.logIn()
      for number in 0..<20 { #expect(try addGroup(first, token, "g\(number)").status == 201) }
      #expect(try first.stop() == 0)
      let writer = try next([second, third], "a clean stop")
      let waiting = writer === second ? third : second
      for number in 0..<20 { #expect(try hasGroup(writer, token, "g\(number)")) }
      try writer.waitForLog("took over the lease")
      #expect(!isWriter(waiting))
      #expect(try addGroup(writer, token, "after").status == 201)
      #expect(try writer.stop() == 0)
      _ = try next([waiting], "a second clean stop")
      #expect(try hasGroup(waiting, token, "after"))
      #expect(try hasGroup(waiting, token, "g7"))
      #expect(try waiting.stop() == 0)
      try await withGatehouse(dumps: generated) { (gatehouse: GatehouseProcess) async throws in
        #expect(isWriter(gatehouse))
        #expect(try hasGroup(gatehouse, gatehouse.logIn(), "after"))
      }
    }
  }

  @Test("after SIGKILL of the writer the other takes over at once, as it runs on the same kernel")
  func killed() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      let first = try start(generated)
      let token = try first.logIn()
      let second = try start(generated)
      #expect(try addGroup(first, token, "dumped").status == 201)
      #expect(try first.send("POST", "/platform/memory/dump", token: token).status == 200)
      first.signal(SIGKILL)
      _ = try next([second], "SIGKILL")
      #expect(try hasGroup(second, token, "dumped"))
      #expect(try addGroup(second, token, "more").status == 201)
      #expect(try second.stop() == 0)
    }
  }

  @Test("a lone one that was killed is the writer at once when it starts again")
  func restart() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      for epoch in 1...3 {
        let gatehouse = try start(generated)
        #expect(isWriter(gatehouse))
        try gatehouse.waitForLog("lease.epoch=\(epoch)")
        gatehouse.signal(SIGKILL)
        _ = try gatehouse.waitForExit()
      }
    }
  }

  @Test(
    "a frozen writer loses its lease by time; when it goes on it says so, writes no dump, and ends in order",
    arguments: [true, false])
  func frozen(hasJournal: Bool) async throws {
    let settings = ["MEM_JOURNAL": hasJournal ? "always" : "off", "HANDOVER_WAIT": "30"]
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      let first = try start(generated, settings)
      let token = try first.logIn()
      #expect(try first.send("POST", "/platform/memory/dump", token: token).status == 200)
      #expect(try addGroup(first, token, "unsaved").status == 201)
      let second = try start(generated, settings)
      first.signal(SIGSTOP)
      _ = try next([second], within: .seconds(60), "SIGSTOP")
      #expect(try addGroup(second, token, "newer").status == 201)
      #expect(try second.send("POST", "/platform/memory/dump", token: token).status == 200)
      let before = dumps(in: generated)
      first.signal(SIGCONT)
      // This holds even before its next check, because the dump itself checks the lease.
      let answer = try first.send(
        "POST", "/platform/memory/dump", token: token, headers: ["X-Gatehouse-Hand-On": "never"])
      #expect(answer.status == 409)
      #expect(answer.code == "MEM007")
      #expect(first.logs("lost the lease"))
      #expect(first.log.contains("are only here and lost to the other") != hasJournal)
      #expect(eventually { (try? readiness(first)?["writer"]) == false ? true : nil } == true)
      // With a journal it is handed to the other task.
      #expect(try addGroup(first, token, "late").status == (hasJournal ? 201 : 503))
      #expect(try hasGroup(first, token, "unsaved"))
      // After the other task ends, the first takes over again with the other's state.
      second.signal(SIGKILL)
      _ = try next([first], "SIGKILL of the one that took over")
      #expect(try hasGroup(first, token, "newer"))
      #expect(try hasGroup(first, token, "unsaved") == hasJournal)
      #expect(dumps(in: generated) == before)
      // The last dump is saved. Without a journal it does not contain the changes acknowledged before the loss, which
      // are saved separately.
      #expect(try first.stop() == (hasJournal ? 0 : 70))
      #expect(first.logs("stopped; the last dump is safe"))
      #expect(names(in: generated.appending(path: "deposed")).count { $0.hasSuffix(".bin") } == (hasJournal ? 0 : 1))
    }
  }

  @Test("a writer that lost its lease ends in order and without a dump")
  func lostThenStopped() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      let first = try start(generated)
      let second = try start(generated)
      first.signal(SIGSTOP)
      _ = try next([second], within: .seconds(60), "SIGSTOP")
      first.signal(SIGCONT)
      #expect(first.logs("lost the lease"))
      #expect(try first.stop() == 0)
      #expect(dumps(in: generated) == [])
      #expect(isWriter(second))
    }
  }

  @Test(
    "whose clocks differ by an hour still take over, and the later epoch counts, not the later time",
    arguments: [3600, -3600])
  func clocks(skew: Int) async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let library = root.appending(path: "skewed-clock.so").path()
      let source = try Fixture.url("skewed-clock.c").path()
      guard try run(["clang", "-shared", "-fPIC", "-o", library, source]) else {
        try skip("there is no clang, which comes with Swift")
        return
      }
      let clock = { (seconds: Int) in ["LD_PRELOAD": library, "SKEW_SECONDS": "\(seconds)"] }
      let generated = root.appending(path: "generated")
      let one = try start(generated, clock(skew))
      let token = try one.logIn()
      let two = try start(generated, clock(-skew))
      #expect(!isWriter(two))
      #expect(try addGroup(one, token, "first").status == 201)
      #expect(try one.send("POST", "/platform/memory/dump", token: token).status == 200)
      one.signal(SIGSTOP)
      _ = try next([two], within: .seconds(60), "SIGSTOP with clocks \(2 * skew) s apart")
      let other = try two.logIn()
      #expect(try addGroup(two, other, "second").status == 201)
      #expect(try two.stop() == 0)
      one.signal(SIGKILL)
      try await withGatehouse(dumps: generated) { (gatehouse: GatehouseProcess) async throws in
        #expect(try hasGroup(gatehouse, gatehouse.logIn(), "second"))
      }
    }
  }

  @Test("on two kernels hand over at once at a clean stop, and otherwise after the lease timeout")
  func otherKernel() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      let id = root.appending(path: "boot_id")
      try Data("11111111-2222-3333-4444-555555555555\n".utf8).write(to: id)
      let wrapper = root.appending(path: "other-kernel")
      let script = """
        #!/bin/sh
        exec unshare --mount sh -c 'mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"' \(id.path()) "$@"
        """
      try Data(script.utf8).write(to: wrapper)
      #expect(chmod(wrapper.path(), 0o755) == 0)
      guard try run([wrapper.path(), "true"]) else {
        try skip("this process may not unshare its mounts")
        return
      }
      let first = try GatehouseProcess(dumps: generated, through: wrapper)
      try first.waitUntilReady()
      let second = try start(generated)
      let token = try first.logIn()
      #expect(try addGroup(first, token, "first").status == 201)
      #expect(try first.stop() == 0)
      _ = try next([second], "a clean stop on another kernel")
      #expect(try hasGroup(second, token, "first"))
      let third = try GatehouseProcess(dumps: generated, through: wrapper)
      try third.waitUntilReady()
      second.signal(SIGKILL)
      _ = try next([third], within: .seconds(60), "SIGKILL on another kernel")
      #expect(try addGroup(third, token, "more").status == 201)
    }
  }
}
