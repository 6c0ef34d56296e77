import Foundation
import Glibc
import JSON
import Synchronization
import TestSupport
import Testing

/// The keys of both programs in files, as a mount of secrets has them.
private struct KeyFiles {
  let key: URL
  let older: URL

  init(in root: URL) throws {
    key = root.appending(path: "key")
    older = root.appending(path: "older")
    try Data(GatehouseProcess.encryptionKey.utf8).write(to: key)
    try Data().write(to: older)
  }

  /// The settings of a program.
  var settings: [String: String] {
    [
      "MEM_ENCRYPTION_KEY": "", "MEM_ENCRYPTION_KEY_FILE": key.path(), "MEM_ENCRYPTION_KEYS_OLD_FILE": older.path(),
    ]
  }

  /// Replaces the keys, the older ones first, as a start may come in between.
  func set(_ key: String, older: String = "") throws {
    try Data(older.utf8).write(to: self.older)
    try Data(key.utf8).write(to: self.key)
  }

  /// The settings of a program that has one key only.
  static func alone(_ key: String) -> [String: String] { ["MEM_ENCRYPTION_KEY": key] }
}

/// Clients that add groups until they are told to stop.
private final class GroupWriters: Sendable {
  private struct State {
    var acknowledged: [String] = []
    var isStopping = false
    var running = 0
  }

  private let state = Mutex(State())

  init(_ count: Int, _ gatehouse: GatehouseProcess, _ token: String, _ prefix: String) {
    let port = gatehouse.port
    state.withLock { $0.running = count }
    for client in 0..<count {
      Thread.detachNewThread { [self] in
        defer { state.withLock { $0.running -= 1 } }
        var number = 0
        while !state.withLock({ $0.isStopping }) {
          let name = "\(prefix)-\(client)-\(number)"
          number += 1
          guard Self.add(name, port, token) else { return }
          state.withLock { $0.acknowledged.append(name) }
        }
      }
    }
  }

  private static func add(_ name: String, _ port: Int, _ token: String) -> Bool {
    do {
      let body = Array(#"{"group_name":"\#(name)"}"#.utf8)
      let connection = try HTTPConnection(port: port)
      try connection.send(
        Array(
          "POST /platform/group HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer \(token)\r\nContent-Type: application/json\r\nContent-Length: \(body.count)\r\n\r\n"
            .utf8) + body)
      return try connection.receive().status == 201
    } catch {
      return false
    }
  }

  /// The groups whose creation was acknowledged.
  var acknowledged: [String] { state.withLock { $0.acknowledged } }

  /// Waits until as many groups more are acknowledged.
  func waitForMore(_ count: Int) {
    let before = acknowledged.count
    let isDone: Bool? = eventually(within: .seconds(60)) { acknowledged.count >= before + count ? true : nil }
    #expect(isDone == true)
  }

  /// Ends the clients.
  ///
  /// - Returns: the groups whose creation was acknowledged.
  func stop() -> [String] {
    state.withLock { $0.isStopping = true }
    let isDone: Bool? = eventually(within: .seconds(60)) { state.withLock { $0.running } == 0 ? true : nil }
    #expect(isDone == true)
    return acknowledged
  }
}

@Suite("A change of the encryption key without a stop", .serialized)
struct KeyRotationTests {
  private static let old = GatehouseProcess.encryptionKey
  private static let new = "a new key of the tests, of 32 characters and more"
  private static let third = "a third key of the tests, of 32 characters and more"

  private func waitForLog(_ program: GatehouseProcess, _ words: Regex<Substring>, times: Int = 1) {
    let isThere: Bool? = eventually(within: .seconds(60)) { program.log.matches(of: words).count >= times ? true : nil }
    #expect(isThere == true, "\(program.log)")
  }

  private func run(_ arguments: [String], dumps: URL, _ keys: [String: String]) throws -> (code: Int32, output: String)
  {
    let process = try GatehouseProcess(dumps: dumps, keys, arguments: arguments)
    let code = try process.waitForExit(within: .seconds(60))
    return (code, process.log)
  }

  private func expect(_ groups: [String], of gatehouse: GatehouseProcess) throws {
    let token = try gatehouse.logIn()
    var missing: [String] = []
    for group in groups where try gatehouse.send("GET", "/platform/group/\(group)", token: token).status != 200 {
      missing.append(group)
    }
    #expect(missing.isEmpty, "\(missing.count) of \(groups.count) are missing, as \(missing.prefix(3))")
  }

  @Test("at SIGHUP under writes loses nothing, although the process is killed right after")
  func killed() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let dumps = root.appending(path: "generated")
      let files = try KeyFiles(in: root)
      let gatehouse = try GatehouseProcess(dumps: dumps, files.settings)
      defer { if gatehouse.isRunning { gatehouse.signal(SIGKILL) } }
      try gatehouse.waitUntilReady()
      let writers = GroupWriters(3, gatehouse, try gatehouse.logIn(), "a")
      writers.waitForMore(20)
      try files.set(Self.new, older: Self.old)
      gatehouse.signal(SIGHUP)
      waitForLog(gatehouse, /another key is in force/)
      waitForLog(gatehouse, /dump written.*dump.reason="?new key/)
      writers.waitForMore(20)
      #expect(try gatehouse.stop(SIGKILL) == -SIGKILL)
      let groups = writers.stop()
      // The new key alone does not open what came before, and nothing starts without it.
      let alone = try GatehouseProcess(dumps: dumps, KeyFiles.alone(Self.old))
      #expect(try alone.waitForExit() == 65, "\(alone.log)")
      try await withGatehouse(dumps: dumps, files.settings) { (again: GatehouseProcess) async throws in
        try expect(groups, of: again)
        again.signal(SIGKILL)
        _ = try again.waitForExit()
      }
      // Nobody holds the lease, so everything is done, the journal that was cut off among it.
      let rekeyed = try run(["dump", "rekey"], dumps: dumps, files.settings)
      #expect(rekeyed.code == 0 && rekeyed.output.contains("rekeyed "), "\(rekeyed)")
      #expect(try run(["dump", "verify"], dumps: dumps, KeyFiles.alone(Self.new)).code == 0)
      try await withGatehouse(dumps: dumps, KeyFiles.alone(Self.new)) { (last: GatehouseProcess) async throws in
        try expect(groups, of: last)
        #expect(try last.stop() == 0)
      }
    }
  }

  @Test("by a change of the files reaches both programs, and the dumps of before follow beside them")
  func files() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let dumps = root.appending(path: "generated")
      let files = try KeyFiles(in: root)
      let gatehouse = try GatehouseProcess(
        dumps: dumps, files.settings.merging(SidecarProcess.account) { $1 })
      defer { if gatehouse.isRunning { gatehouse.signal(SIGKILL) } }
      try gatehouse.waitUntilReady()
      let token = try gatehouse.logIn()
      #expect(try gatehouse.send("POST", "/platform/memory/dump", token: token).status == 200)
      let sidecar = try SidecarProcess.start(
        dumps: dumps, port: gatehouse.port, files.settings.merging(["KEEP_LAST": "100"]) { $1 })
      defer { if sidecar.isRunning { sidecar.signal(SIGKILL) } }
      try sidecar.waitForLog("dump verified")
      let writers = GroupWriters(2, gatehouse, token, "b")
      writers.waitForMore(5)
      try files.set(Self.new, older: Self.old)
      waitForLog(gatehouse, /another key is in force/)
      waitForLog(gatehouse, /dump written.*dump.reason="?new key/)
      try sidecar.waitForLog("another key is in force")
      let identifier = try #require(gatehouse.log.matches(of: /in force.*key.id="?([0-9a-f]{16})/).last).output.1
      #expect(sidecar.logs(String(identifier)))
      writers.waitForMore(5)
      // The sidecar may move a journal to the trash meanwhile. Then the command says that it has to run again.
      var results: Set<String> = []
      for attempt in 1...3 {
        let rekeyed = try run(["dump", "rekey", "--trash", "--json"], dumps: dumps, files.settings)
        let report = try JSONParser().parseObject(Array(rekeyed.output.utf8))
        #expect(report["key_id"]?.string == String(identifier))
        let found = try #require(report["files"]?.array).compactMap(\.object)
        results.formUnion(found.compactMap { $0["result"]?.string })
        if rekeyed.code == 0 { break }
        let errors = found.compactMap { $0["error"]?.string }
        #expect(attempt < 3 && !errors.isEmpty && errors.allSatisfy { $0.contains("run it again") }, "\(rekeyed)")
        results.remove("failed")
      }
      #expect(results.contains("rekeyed") && results.isSubset(of: ["rekeyed", "present"]), "\(results)")
      // The old keys can go: an empty file has none.
      try files.set(Self.new)
      gatehouse.signal(SIGHUP)
      waitForLog(gatehouse, /the key in force is the same/)
      #expect(try run(["dump", "verify"], dumps: dumps, KeyFiles.alone(Self.new)).code == 0)
      #expect(try gatehouse.send("POST", "/platform/memory/dump", token: token).status == 200)
      let groups = writers.stop()
      #expect(try sidecar.stop() == 0)
      #expect(try SidecarProcess.receipt(in: dumps)["outcome"] == "drained")
      #expect(!sidecar.log.contains("does not verify"), "\(sidecar.log)")
      #expect(try gatehouse.stop(SIGKILL) == -SIGKILL)
      try await withGatehouse(dumps: dumps, KeyFiles.alone(Self.new)) { (again: GatehouseProcess) async throws in
        try expect(groups, of: again)
      }
    }
  }

  @Test("is finished beside a gateway that was started with both keys, once it has written a dump")
  func restarted() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let dumps = root.appending(path: "generated")
      let both = ["MEM_ENCRYPTION_KEY": Self.new, "MEM_ENCRYPTION_KEYS_OLD": Self.old]
      var groups: [String] = []
      try await withGatehouse(dumps: dumps) { (gatehouse: GatehouseProcess) async throws in
        let token = try gatehouse.logIn()
        for number in 0..<2 {
          let writers = GroupWriters(1, gatehouse, token, "c\(number)")
          writers.waitForMore(2)
          groups += writers.stop()
          #expect(try gatehouse.send("POST", "/platform/memory/dump", token: token).status == 200)
        }
        let writers = GroupWriters(1, gatehouse, token, "d")
        writers.waitForMore(2)
        #expect(try gatehouse.stop(SIGKILL) == -SIGKILL)
        groups += writers.stop()
      }
      try await withGatehouse(dumps: dumps, both) { (gatehouse: GatehouseProcess) async throws in
        let token = try gatehouse.logIn()
        let writers = GroupWriters(2, gatehouse, token, "e")
        writers.waitForMore(2)
        let early = try run(["dump", "rekey"], dumps: dumps, both)
        #expect(early.code == 75, "\(early)")
        #expect(early.output.matches(of: /IN USE .*a gateway holds the lease/).count == 1, "\(early)")
        #expect(early.output.contains("1 of "), "\(early)")
        writers.waitForMore(2)
        #expect(try gatehouse.send("POST", "/platform/memory/dump", token: token).status == 200)
        let late = try run(["dump", "rekey"], dumps: dumps, both)
        #expect(late.code == 0, "\(late)")
        writers.waitForMore(2)
        #expect(try gatehouse.stop(SIGKILL) == -SIGKILL)
        groups += writers.stop()
      }
      try await withGatehouse(dumps: dumps, KeyFiles.alone(Self.new)) { (gatehouse: GatehouseProcess) async throws in
        try expect(groups, of: gatehouse)
      }
    }
  }

  @Test("to no key, or a short one, is refused, and the key before goes on")
  func refused() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let dumps = root.appending(path: "generated")
      let files = try KeyFiles(in: root)
      let gatehouse = try GatehouseProcess(dumps: dumps, files.settings.merging(SidecarProcess.account) { $1 })
      defer { if gatehouse.isRunning { gatehouse.signal(SIGKILL) } }
      try gatehouse.waitUntilReady()
      let sidecar = try SidecarProcess.start(dumps: dumps, port: gatehouse.port, files.settings)
      defer { if sidecar.isRunning { sidecar.signal(SIGKILL) } }
      try sidecar.waitForLog("logged in")
      for (number, text) in ["", "short", nil].enumerated() {
        if let text {
          try Data(text.utf8).write(to: files.key)
        } else {
          try FileManager.default.removeItem(at: files.key)
        }
        gatehouse.signal(SIGHUP)
        waitForLog(gatehouse, /the encryption keys can't be replaced/, times: number + 1)
        sidecar.signal(SIGHUP)
        let isReported: Bool? = eventually(within: .seconds(60)) {
          sidecar.log.matches(of: /the encryption keys can't be replaced/).count > number ? true : nil
        }
        #expect(isReported == true, "\(sidecar.log)")
      }
      for words in ["which is empty", "it needs at least 8", "No such file"] {
        #expect(gatehouse.logs(words) && sidecar.logs(words), "\(words)")
      }
      #expect(!gatehouse.log.contains("another key is in force"))
      #expect(try gatehouse.send("POST", "/platform/memory/dump", token: gatehouse.logIn()).status == 200)
      #expect(try run(["dump", "verify"], dumps: dumps, KeyFiles.alone(Self.old)).code == 0)
      // A good key is taken afterwards.
      try files.set(Self.third, older: Self.old)
      waitForLog(gatehouse, /dump written.*dump.reason="?new key/)
      #expect(try sidecar.stop() == 0)
      #expect(try gatehouse.stop() == 0)
      #expect(try run(["dump", "inspect"], dumps: dumps, KeyFiles.alone(Self.third)).code == 0)
    }
  }
}
