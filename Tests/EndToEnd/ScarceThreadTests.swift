import Foundation
import Glibc
import TestSupport
import Testing

/// Tests without available threads, because the limit of processes is reached (`pids.max` of a container,
/// RLIMIT_NPROC).
@Suite("A program that gets no thread", .enabled(if: geteuid() == 0, "the limit does not hold for root"))
struct ScarceThreadTests {
  /// A script that starts the program as a separate user with a limited number of threads.
  private func limiter(in root: URL, user: Int, threads: Int = 1) throws -> URL {
    try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: root.path())
    return try Wrapper.script(
      "with-few-threads", in: root,
      "prlimit --nproc=\(threads):\(threads) setpriv --reuid=\(user) --clear-groups \"$@\"")
  }

  @Test("or too few, logs that and ends, whatever the number", arguments: [1, 2, 4, 7, 12, 18])
  func tooFew(threads: Int) async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let script = try limiter(in: root, user: 71_100 + threads, threads: threads)
      let generated = root.appending(path: "generated")
      let gatehouse = try GatehouseProcess(dumps: generated, through: script)
      #expect(try gatehouse.waitForExit() == 71)
      #expect(gatehouse.logs("the system starts too few threads, so the gateway does not start"))
      #expect(!FileManager.default.fileExists(atPath: generated.path()))
    }
  }

  @Test("says so and ends, since it could not hear a signal to stop")
  func lasting() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let script = try limiter(in: root, user: 71_001)
      let generated = root.appending(path: "generated")
      let gatehouse = try GatehouseProcess(dumps: generated, through: script)
      #expect(try gatehouse.waitForExit() == 71)
      #expect(gatehouse.logs("no thread could be started"))
      #expect(!FileManager.default.fileExists(atPath: generated.path()))
      let sidecar = try SidecarProcess.start(dumps: generated, through: script)
      #expect(try sidecar.waitForExit() == 74)
      #expect(sidecar.logs("no thread could be started"))
    }
  }

  @Test("ends a health check in time")
  func health() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let script = try limiter(in: root, user: 71_002)
      let health = try GatehouseProcess(
        dumps: root.appending(path: "generated"), ["PORT": "1"], arguments: ["health"], through: script)
      #expect(try health.waitForExit(within: .seconds(30)) != 0)
    }
  }
}
