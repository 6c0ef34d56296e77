import Foundation
import Glibc
import JSON
import TestSupport
import Testing

/// Two states of a dump directory: `old` is in both dumps, `new` only in the newer one.
private struct TwoDumps {
  let generated: URL
  let token: String
  let older: URL
  let newer: URL

  /// - Parameter key: the key of the newer dump.
  init(in root: URL, key: String = GatehouseProcess.encryptionKey) async throws {
    generated = root.appending(path: "generated")
    let both = ["MEM_ENCRYPTION_KEY": key, "MEM_ENCRYPTION_KEYS_OLD": GatehouseProcess.encryptionKey]
    try await withGatehouse(dumps: generated) { (gatehouse: GatehouseProcess) async throws in
      let token = try gatehouse.logIn()
      _ = try gatehouse.send("POST", "/platform/group", token: token, json: ["group_name": "old"])
      #expect(try gatehouse.stop() == 0)
    }
    older = try #require(dumps(in: generated).last)
    (token, newer) = try await withGatehouse(dumps: generated, both) { [generated, older] gatehouse in
      let token = try gatehouse.logIn()
      _ = try gatehouse.send("POST", "/platform/group", token: token, json: ["group_name": "new"])
      #expect(try gatehouse.stop() == 0)
      return (token, try #require(dumps(in: generated).last { $0 != older }))
    }
  }

  func has(_ name: String, _ gatehouse: GatehouseProcess) throws -> Bool {
    try gatehouse.send("GET", "/platform/group/\(name)", token: token).status == 200
  }

  /// Makes the newer dump unreadable even for its owner.
  func lock() { chmod(newer.path(), 0) }
  func unlock() { chmod(newer.path(), 0o600) }
}

private func dumps(in directory: URL) -> [URL] {
  names(in: directory).filter { $0.hasSuffix(".bin") }.sorted().map { directory.appending(path: $0) }
}

@Suite("Older and newer states")
struct OlderStateTests {
  @Test("a start waits for a newest dump that can't be read, and loads it when it can")
  func readableLater() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let state = try await TwoDumps(in: root)
      guard let wrapper = try Wrapper.unprivileged(in: root) else {
        try skip("permissions don't bind this process")
        return
      }
      state.lock()
      let gatehouse = try GatehouseProcess(dumps: state.generated, through: wrapper)
      #expect(gatehouse.logs("can't be read; trying again"), "\(gatehouse.log)")
      #expect(gatehouse.logs("Permission denied"))
      #expect(!gatehouse.log.contains("can't be written"))
      state.unlock()
      try gatehouse.waitUntilReady()
      #expect(try state.has("new", gatehouse))
      #expect(gatehouse.logs("restored from dump \(state.newer.path())"))
    }
  }

  @Test("a start refuses when the newest dump stays unreadable, names it, and goes below it only when it is told to")
  func unreadable() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let state = try await TwoDumps(in: root)
      guard let wrapper = try Wrapper.unprivileged(in: root) else {
        try skip("permissions don't bind this process")
        return
      }
      state.lock()
      let start = ContinuousClock.now
      let refused = try GatehouseProcess(dumps: state.generated, through: wrapper)
      #expect(try refused.waitForExit(within: .seconds(90)) == 74)
      #expect(ContinuousClock.now - start > .seconds(29))
      #expect(refused.logs(state.newer.path()))
      #expect(refused.logs("can't be read, so the gateway does not start"))
      let told = try GatehouseProcess(dumps: state.generated, ["MEM_ALLOW_OLDER_START": "true"], through: wrapper)
      try told.waitUntilReady()
      #expect(try state.has("old", told))
      #expect(try state.has("new", told), "the journals behind the older dump have it")
      #expect(told.logs("dump passed over"))
      told.signal(SIGKILL)
      _ = try told.waitForExit()
      state.unlock()
      try await withGatehouse(dumps: state.generated) { (gatehouse: GatehouseProcess) async throws in
        #expect(try state.has("new", gatehouse))
      }
    }
  }

  @Test(
    "an error of the volume does not count as damage, whichever system call fails",
    arguments: [
      "openat:error=ESTALE:when=1..3", "openat:error=EIO:when=1..3", "openat:error=ENOENT:when=1..3",
      "/stat:error=ESTALE:when=1..3", "pread64:error=EIO:when=1..3",
    ])
  func volumeError(fault: String) async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let state = try await TwoDumps(in: root)
      let wrapper = root.appending(path: "failing")
      let script = """
        #!/bin/sh
        exec strace -D -f -qq -o /dev/null -e trace=openat,/stat,pread64 -e inject=\(fault) -P '\(state.newer.path())' "$@"
        """
      try Data(script.utf8).write(to: wrapper)
      chmod(wrapper.path(), 0o755)
      guard try Wrapper.run([wrapper.path(), "true"]) else {
        try skip("strace does not work here")
        return
      }
      let gatehouse = try GatehouseProcess(dumps: state.generated, through: wrapper)
      defer { gatehouse.signal(SIGKILL) }
      try gatehouse.waitUntilReady()
      #expect(gatehouse.logs("can't be read; trying again"), "\(gatehouse.log)")
      #expect(!gatehouse.log.contains("dump passed over"))
      #expect(try state.has("new", gatehouse))
      #expect(try gatehouse.stop() == 0)
    }
  }

  @Test("a listed dump that can't be found for a moment does not count as pruned", arguments: 1...4)
  func listedOnly(call: Int) async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let state = try await TwoDumps(in: root)
      let wrapper = root.appending(path: "failing")
      let script = """
        #!/bin/sh
        exec strace -D -f -qq -o /dev/null -e trace=openat -e inject=openat:error=ENOENT:when=\(call) -P '\(state.newer.path())' -P '\(state.older.path())' "$@"
        """
      try Data(script.utf8).write(to: wrapper)
      chmod(wrapper.path(), 0o755)
      guard try Wrapper.run([wrapper.path(), "true"]) else {
        try skip("strace does not work here")
        return
      }
      let gatehouse = try GatehouseProcess(dumps: state.generated, through: wrapper)
      defer { gatehouse.signal(SIGKILL) }
      try gatehouse.waitUntilReady()
      #expect(try state.has("new", gatehouse), "\(gatehouse.log)")
      #expect(!gatehouse.log.contains("dump passed over"))
      #expect(try gatehouse.stop() == 0)
    }
  }

  @Test("a newer dump of a later layout stops a start")
  func laterLayout() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let state = try await TwoDumps(in: root)
      var bytes = try Data(contentsOf: state.newer)
      bytes.replaceSubrange(0..<4, with: Data("DMP9".utf8))
      try bytes.write(to: state.newer)
      let refused = try GatehouseProcess(dumps: state.generated)
      #expect(try refused.waitForExit() == 65)
      #expect(refused.logs("layout 9"), "\(refused.log)")
      #expect(refused.logs(state.newer.path()))
      try await withGatehouse(dumps: state.generated, ["MEM_ALLOW_OLDER_START": "true"]) {
        (gatehouse: GatehouseProcess) async throws in
        #expect(try state.has("old", gatehouse))
      }
    }
  }

  @Test("a newer dump that no key opens stops a start; one that is damaged behind its beginning is passed over")
  func otherKey() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let state = try await TwoDumps(in: root, key: "the key of a newer task, 32 characters")
      let refused = try GatehouseProcess(dumps: state.generated)
      #expect(try refused.waitForExit() == 65)
      #expect(refused.logs("is opened by no key"))
      #expect(refused.logs(state.newer.path()))
      #expect(refused.logs("MEM_ALLOW_OLDER_START=true"))
      // This may not lead to an older state either.
      let empty = try GatehouseProcess(dumps: state.generated, ["MEM_ALLOW_EMPTY_START": "true"])
      #expect(try empty.waitForExit() == 65)
      try await withGatehouse(dumps: state.generated, ["MEM_ALLOW_OLDER_START": "true"]) {
        (gatehouse: GatehouseProcess) async throws in
        #expect(try state.has("old", gatehouse))
        #expect(try !state.has("new", gatehouse))
      }
    }
  }

  /// Whether the readiness is 200 and not 503; `nil` when it is neither.
  private static func isReady(_ gatehouse: GatehouseProcess) -> Bool? {
    guard let status = (try? gatehouse.send("GET", "/platform/monitor/readiness"))?.status else { return nil }
    return status == 200 ? true : status == 503 ? false : nil
  }

  @Test("a task that takes over refuses changes and is not ready while it can't read the newest dump; then it goes on")
  func takeOver() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      guard let wrapper = try Wrapper.unprivileged(in: root) else {
        try skip("permissions don't bind this process")
        return
      }
      let first = try GatehouseProcess(dumps: generated)
      try first.waitUntilReady()
      let second = try GatehouseProcess(dumps: generated, through: wrapper)
      try second.waitUntilReady()
      let token = try first.logIn()
      _ = try first.send("POST", "/platform/group", token: token, json: ["group_name": "new"])
      #expect(try first.send("POST", "/platform/memory/dump", token: token).status == 200)
      let newest = try #require(dumps(in: generated).last)
      chmod(newest.path(), 0)
      first.signal(SIGKILL)
      #expect(second.logs("the newest dump can't be restored"), "\(second.log)")
      #expect(
        try second.send("POST", "/platform/group", token: token, json: ["group_name": "x"]).code == "GTW504")
      // Whether the state here is the newest is not known, so a balancer must not send calls here for long.
      let isBehind = eventually(within: .seconds(60)) { Self.isReady(second) == false ? true : nil }
      #expect(isBehind == true)
      #expect(try second.send("GET", "/platform/monitor/readiness").json.object?["status"] == "behind")
      #expect(try second.send("GET", "/metrics").text.contains("\ngatehouse_standby_lag_seconds "))
      chmod(newest.path(), 0o600)
      #expect(second.logs("took over the lease dump.path"), "\(second.log)")
      #expect(eventually { Self.isReady(second) == true ? true : nil } == true)
      #expect(try second.send("GET", "/platform/group/new", token: token).status == 200)
    }
  }
}
