import DumpFormat
import Foundation
import Glibc
import JSON
import TestSupport
import Testing

@Suite("Limits of users after a start")
struct SavedLimitTests {
  private func calls(_ count: Int, _ gatehouse: GatehouseProcess, _ caller: String) throws -> [Int] {
    try (0..<count).map { _ in try gatehouse.send("GET", "/api/rest/test/v1/good", token: caller).status }
  }

  /// Makes three of five calls, ends the program as `end` does, changes the directory, starts it again, and makes three
  /// more.
  private func callsAfterStart(
    _ end: (_ first: GatehouseProcess, _ file: URL) throws -> Void
  ) async throws -> (statuses: [Int], log: String) {
    let server = try ScriptedServer(UpstreamScripts.run)
    defer { server.stop() }
    return try await withTemporaryDirectory { (root: URL) async throws in
      let directory = root.appending(path: "generated")
      let caller = try await withGatehouse(dumps: directory) { (first: GatehouseProcess) async throws -> String in
        let token = try first.logIn()
        try first.createAPI("test", servers: [server.url], token: token, ["api_public": false])
        let caller = try first.createCaller("caller", token: token, apis: ["test"], rateLimit(5))
        #expect(try calls(3, first, caller) == [200, 200, 200])
        try end(first, directory.appending(path: "memory_dump.counters"))
        return caller
      }
      return try await withGatehouse(dumps: directory) { (second: GatehouseProcess) async throws in
        let statuses = try calls(3, second, caller)
        #expect(try second.stop() == 0)
        return (statuses, second.log)
      }
    }
  }

  /// The count of the only limit in the file, or `nil` when there is none.
  private func savedCount(_ file: URL) -> UInt8? {
    guard let sealed = try? Data(contentsOf: file) else { return nil }
    let keyring = DumpKeyring(sealing: DumpKey(GatehouseProcess.encryptionKey))
    return try? SealedBytes.open(Array(sealed), as: .counters, in: keyring).last
  }

  @Test("go on from what was used before a stop")
  func stop() async throws {
    try await untilUndisturbed { () async throws -> Bool in
      var isSaved = false
      let (statuses, log) = try await callsAfterStart { first, _ in
        _ = try first.stop()
        // A stop waits for two seconds at most until they are saved.
        isSaved = !first.log.contains("the use of limits can't be saved")
      }
      guard isSaved else { return false }
      #expect(statuses == [200, 200, 429])
      #expect(log.contains("limits go on from what was used of them"))
      return true
    }
  }

  @Test("go on from what was saved before a crash")
  func crash() async throws {
    let (statuses, _) = try await callsAfterStart { first, file in
      #expect(eventually { savedCount(file) == 3 ? true : nil } == true)
      _ = try first.stop(SIGKILL)
    }
    #expect(statuses == [200, 200, 429])
  }

  @Test("begin anew, and the log says so, when the file is damaged")
  func damage() async throws {
    let (statuses, log) = try await callsAfterStart { first, file in
      _ = try first.stop()
      try Data("garbage".utf8).write(to: file)
    }
    #expect(statuses == [200, 200, 200])
    #expect(log.contains("the use of limits can't be restored"))
  }
}
