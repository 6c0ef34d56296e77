import Foundation
import Glibc
import JSON
import TestSupport
import Testing

/// The wall clock of processes that `skewed-clock.c` moves.
private struct MovableClock {
  let environment: [String: String]
  private let file: URL

  /// - Returns: `nil` where there is no clang.
  init?(_ root: URL) throws {
    let library = root.appending(path: "skewed-clock.so").path()
    file = root.appending(path: "clock")
    environment = ["LD_PRELOAD": library, "SKEW_FILE": file.path()]
    try Self.bytes(0).write(to: file)
    let build = ChildProcess()
    build.executableURL = URL(filePath: "/usr/bin/env")
    build.arguments = ["clang", "-shared", "-fPIC", "-o", library, try Fixture.url("skewed-clock.c").path()]
    build.standardError = FileHandle.nullDevice
    guard (try? build.run()) != nil else { return nil }
    build.waitUntilExit()
    guard build.terminationStatus == 0 else { return nil }
  }

  private static func bytes(_ seconds: Int) -> Data { withUnsafeBytes(of: seconds) { Data($0) } }

  /// Moves the clock of running processes, too.
  func move(to seconds: Int) throws {
    let handle = try FileHandle(forWritingTo: file)
    try handle.write(contentsOf: Self.bytes(seconds))
    try handle.close()
  }
}

@Suite("A wall clock that jumps by a day")
struct ClockJumpTests {
  @Test(
    "forward and back, or back and forward, costs no acknowledged change and no lease", arguments: [86_400, -86_400])
  func jumps(first: Int) async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      guard let clock = try MovableClock(root) else {
        try skip("there is no clang, which comes with Swift")
        return
      }
      let generated = root.appending(path: "generated")
      let gatehouse = try GatehouseProcess(dumps: generated, clock.environment)
      try gatehouse.waitUntilReady()
      var names: [String] = []
      var dumps: [String] = []
      for (number, seconds) in [0, first, -first, 0].enumerated() {
        try clock.move(to: seconds)
        // A token of before the jump may have ended.
        let token = try gatehouse.logIn()
        for part in ["dumped", "journaled"] {
          let name = "\(part)-\(number)"
          let answer = try gatehouse.send(
            "POST", "/platform/group", token: token, json: ["group_name": .string(name)])
          #expect(answer.status == 201, "\(name): \(answer.text)")
          names.append(name)
          guard part == "dumped" else { continue }
          let dump = try gatehouse.send("POST", "/platform/memory/dump", token: token)
          #expect(dump.status == 200)
          dumps.append(URL(filePath: try #require(dump.json.value(at: "response.path")?.string)).lastPathComponent)
        }
      }
      // Three days: the clock did jump.
      #expect(Set(dumps.map { $0.prefix("memory_dump-20261129".count) }).count >= 3, "\(dumps)")
      #expect(!gatehouse.log.contains("lost the lease"))
      gatehouse.signal(SIGKILL)
      _ = try gatehouse.waitForExit()
      try await withGatehouse(dumps: generated, clock.environment) { (again: GatehouseProcess) async throws in
        let token = try again.logIn()
        for name in names { #expect(try again.send("GET", "/platform/group/\(name)", token: token).status == 200) }
        // The newest dump is that of the highest sequence, whatever its time.
        try again.waitForLog("restored from dump")
        let line = again.log.split(separator: "\n").first { $0.contains("restored from dump") }
        #expect(line?.contains(try #require(dumps.last)) == true)
      }
    }
  }

  @Test("is noticed where the lease is measured by it: a change is refused, or the lease is lost")
  func planted() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      guard let clock = try MovableClock(root) else {
        try skip("there is no clang, which comes with Swift")
        return
      }
      let fault = clock.environment.merging(["SKEW_STEADY": "1"]) { $1 }
      let gatehouse = try GatehouseProcess(dumps: root.appending(path: "generated"), fault)
      try gatehouse.waitUntilReady()
      var isFound = false
      // The lease is renewed each second, and then holds again.
      for number in 1...20 where !isFound {
        let token = try gatehouse.logIn()
        try clock.move(to: number * 3600)
        let answer = try gatehouse.send(
          "POST", "/platform/group", token: token, json: ["group_name": .string("group-\(number)")])
        isFound = answer.status != 201 || gatehouse.log.contains("lost the lease")
      }
      #expect(isFound, "\(gatehouse.log)")
      gatehouse.signal(SIGKILL)
    }
  }
}
