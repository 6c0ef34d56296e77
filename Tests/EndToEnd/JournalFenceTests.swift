import Foundation
import Glibc
import JSON
import TestSupport
import Testing

/// The gateway with a library that stops it once in a write of its journal.
private struct StoppedGateway {
  let gateway: GatehouseProcess
  private let trigger: URL

  /// Builds the library and starts the gateway.
  ///
  /// - Parameter place: the call at which it is stopped, as `stop-in-write.c` names it.
  /// - Returns: `nil` where there is no clang.
  init?(_ dumps: URL, at place: String) throws {
    let root = dumps.deletingLastPathComponent()
    let library = root.appending(path: "stop-in-write.so").path()
    trigger = root.appending(path: "stop-now")
    let build = ChildProcess()
    build.executableURL = URL(filePath: "/usr/bin/env")
    build.arguments = ["clang", "-shared", "-fPIC", "-o", library, try Fixture.url("stop-in-write.c").path()]
    build.standardError = FileHandle.nullDevice
    guard (try? build.run()) != nil else { return nil }
    build.waitUntilExit()
    guard build.terminationStatus == 0 else { return nil }
    gateway = try GatehouseProcess(
      dumps: dumps,
      ["LD_PRELOAD": library, "STOP_AT": place, "STOP_WHEN": trigger.path(), "HANDOVER_WAIT": "30"])
    try gateway.waitUntilReady()
  }

  /// Makes the next write stop the gateway.
  func arm() throws { try Data().write(to: trigger) }

  /// Whether every thread of it is stopped.
  var isStopped: Bool {
    let text = (try? String(contentsOfFile: "/proc/\(gateway.identifier)/stat", encoding: .utf8)) ?? ""
    // The name in parentheses may contain spaces. The state follows it (proc(5)).
    return text.split(separator: ")").last?.hasPrefix(" T") == true
  }

  func waitUntilStopped() throws {
    guard eventually(within: .seconds(60), { isStopped ? true : nil }) == true else {
      throw HTTPFailure(description: "no write stops it:\n\(gateway.log)")
    }
  }
}

private func isWriter(_ gateway: GatehouseProcess) -> Bool {
  guard let answer = try? gateway.send("GET", "/platform/monitor/readiness").json.object else { return false }
  return answer["status"] == "ready" && answer["writer"] == nil && answer["reason"] == nil
}

private func waitForWriter(_ gateway: GatehouseProcess) throws {
  guard eventually(within: .seconds(90), { isWriter(gateway) ? true : nil }) == true else {
    throw HTTPFailure(description: "it does not become the writer:\n\(gateway.log)")
  }
}

private func groups(_ gateway: GatehouseProcess, _ token: String, of names: [String]) throws -> [String] {
  try names.filter { try gateway.send("GET", "/platform/group/\($0)", token: token).status == 200 }
}

@Suite("Two tasks with a journal on one volume")
struct JournalFenceTests {
  @Test(
    "of which one is frozen in a write while the other takes over: no success is false, and the other's state stands",
    arguments: ["write", "sync", "synced"])
  func frozenInWrite(place: String) async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      guard let stopped = try StoppedGateway(generated, at: place) else {
        try skip("there is no clang, which comes with Swift")
        return
      }
      let first = stopped.gateway
      defer { if first.isRunning { first.signal(SIGCONT) } }
      let token = try first.logIn()
      #expect(try first.send("POST", "/platform/group", token: token, json: ["group_name": "before"]).status == 201)
      let second = try GatehouseProcess(dumps: generated)
      try second.waitUntilReady()

      try stopped.arm()
      // The first one is in the write; the others come while it lasts, and wait for the next one.
      let late = (0..<4).map { "late-\($0)" }
      var connections = [try first.beginGroup(token, late[0])]
      try stopped.waitUntilStopped()
      connections += try late.dropFirst().map { try first.beginGroup(token, $0) }
      try waitForWriter(second)
      let other = try second.logIn()
      #expect(try second.send("POST", "/platform/group", token: other, json: ["group_name": "newer"]).status == 201)
      let names = ["before", "newer"] + late
      let standing = try groups(second, other, of: names)
      // Bytes that were written could be read, so the other one has that change, too.
      #expect(standing == (place == "write" ? ["before", "newer"] : ["before", "newer", "late-0"]))

      first.signal(SIGCONT)
      // The change of the write was made here, and is not acknowledged. The others were not begun: they are refused, or
      // handed to the other task, which made them.
      var kept = standing
      for (name, connection) in zip(late, connections) {
        let answer = try connection.receive()
        if answer.status == 201, name != late[0] {
          kept.append(name)
        } else {
          #expect(answer.status == 503 && answer.code == "GTW504", "\(name): \(answer.text)")
        }
      }
      try first.waitForLog("lost the lease")
      let last = try first.send("POST", "/platform/group", token: token, json: ["group_name": "last"])
      #expect(last.status == 201, "\(last.text)")
      kept.append("last")
      #expect(isWriter(second))
      #expect(try groups(second, other, of: names + ["last"]) == kept)
      #expect(try first.stop() == 0)
      #expect(try second.send("POST", "/platform/group", token: other, json: ["group_name": "newest"]).status == 201)
      // No dump has these changes.
      second.signal(SIGKILL)
      _ = try second.waitForExit()
      try await withGatehouse(dumps: generated) { (third: GatehouseProcess) async throws in
        #expect(try groups(third, third.logIn(), of: names + ["last", "newest"]) == kept + ["newest"])
      }
    }
  }
}
