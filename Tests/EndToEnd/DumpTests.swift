import Foundation
import Glibc
import JSON
import TestSupport
import Testing

/// Creates state of every kind over HTTP.
private func onboard(_ gatehouse: GatehouseProcess, token: String) throws {
  let calls: [(String, String, JSONValue)] = [
    ("POST", "/platform/role", ["role_name": "developer", "manage_apis": true, "manage_subscriptions": true]),
    ("POST", "/platform/group", ["group_name": "partners", "group_description": "é \"quoted\" \\ 😀"]),
    (
      "POST", "/platform/user",
      [
        "username": "alice", "email": "alice@example.com", "password": "Example-Passw0rd!x", "role": "developer",
        "groups": ["ALL"], "custom_attributes": ["n": 12_345_678_901_234],
      ]
    ),
    (
      "POST", "/platform/api",
      ["api_name": "orders", "api_version": "v1", "api_allowed_groups": ["ALL"], "api_servers": ["http://127.0.0.1:1"]]
    ),
    (
      "POST", "/platform/endpoint",
      [
        "api_name": "orders", "api_version": "v1", "endpoint_method": "GET", "endpoint_uri": "/items/{id}",
        "endpoint_description": "one",
      ]
    ),
    ("POST", "/platform/subscription/subscribe", ["username": "alice", "api_name": "orders", "api_version": "v1"]),
    (
      "POST", "/platform/routing",
      ["routing_name": "blue", "routing_servers": ["http://127.0.0.1:1"], "client_key": "blue"]
    ),
    ("PUT", "/platform/security/settings", ["auto_save_frequency_seconds": 120]),
  ]
  for (method, path, body) in calls {
    let answer = try gatehouse.send(method, path, token: token, json: body)
    guard (200...201).contains(answer.status) else { throw HTTPFailure(description: "\(path): \(answer.text)") }
  }
}

/// Reads everything that can be read over HTTP.
private func state(_ gatehouse: GatehouseProcess, token: String) throws -> [String: String] {
  let paths = [
    "/platform/user/all?page_size=200", "/platform/role/all", "/platform/group/all", "/platform/api/all",
    "/platform/endpoint/orders/v1", "/platform/subscription/subscriptions/alice", "/platform/routing/all",
    "/platform/security/settings",
  ]
  return Dictionary(uniqueKeysWithValues: try paths.map { ($0, try gatehouse.send("GET", $0, token: token).text) })
}

/// Reads the documents of a dump by collection, without the gateway.
private func dumps(in directory: URL) -> [String] {
  names(in: directory).filter { $0.hasSuffix(".bin") }
}

/// The files that are being written, except the lease's, which appears for a moment every few seconds.
private func unfinished(in directory: URL) -> [String] {
  names(in: directory).filter { $0.hasSuffix(".tmp") }
}

@Suite("A service that is stopped and started")
struct DumpTests {
  @Test("has the same state after SIGTERM and SIGINT", arguments: [SIGTERM, SIGINT])
  func restart(signal: Int32) async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      let before = try await withGatehouse(dumps: generated) { (gatehouse: GatehouseProcess) async throws in
        let token = try gatehouse.logIn()
        try onboard(gatehouse, token: token)
        let before = try state(gatehouse, token: token)
        #expect(try gatehouse.stop(signal) == 0)
        #expect(gatehouse.logs("the last dump is safe"))
        return before
      }
      try await withGatehouse(dumps: generated) { (gatehouse: GatehouseProcess) async throws in
        #expect(gatehouse.logs("restored from dump \(generated.path())/memory_dump-"))
        // Earlier tokens and passwords are still valid.
        #expect(try state(gatehouse, token: gatehouse.logIn()) == before)
        _ = try gatehouse.logIn("alice", "Example-Passw0rd!x")
      }
    }
  }

  @Test("writes a dump on SIGUSR1 and serves on; two in a second are two files")
  func userSignal() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      try await withGatehouse(dumps: generated) { (gatehouse: GatehouseProcess) async throws in
        gatehouse.signal(SIGUSR1)
        #expect(eventually { dumps(in: generated).count == 1 ? true : nil } == true)
        let token = try gatehouse.logIn()
        let paths = try (0..<3).map { _ in
          try gatehouse.send("POST", "/platform/memory/dump", token: token).json.value(at: "response.path")?.string
        }
        #expect(Set(paths).count == 3)
        #expect(dumps(in: generated).count == 4)
        #expect(try gatehouse.send("GET", "/api/health").status == 200)
      }
    }
  }

  @Test("keeps the settings of automatic dumps that a request made, and warns when the environment's differ")
  func overruledTimer() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      let run = { (environment: [String: String], change: JSONValue?) async throws -> [Substring] in
        try await withGatehouse(dumps: generated, environment) { (gatehouse: GatehouseProcess) async throws in
          let token = try gatehouse.logIn()
          if let change {
            let answer = try gatehouse.send("PUT", "/platform/security/settings", token: token, json: change)
            #expect(answer.status == 200)
          }
          #expect(try gatehouse.stop() == 0)
          return gatehouse.log.split(separator: "\n").filter { $0.contains("of automatic dumps has no effect") }
        }
      }
      let first = ["MEM_AUTO_SAVE_ENABLED": "true", "MEM_AUTO_SAVE_FREQ": "120"]
      #expect(try await run(first, nil) == [])
      let warnings = try await run(["MEM_AUTO_SAVE_ENABLED": "true", "MEM_AUTO_SAVE_FREQ": "300"], nil)
      #expect(warnings.count == 1)
      for word in [
        "MEM_AUTO_SAVE_FREQ", "300", "auto_save_frequency_seconds", "120", "PUT /platform/security/settings",
      ] {
        #expect(warnings.first?.contains(word) == true, "\(word)")
      }
      #expect(try await run([:], ["enable_auto_save": false]) == [], "nothing is set")
      let both = try await run(["MEM_AUTO_SAVE_ENABLED": "true", "MEM_AUTO_SAVE_FREQ": "300"], nil)
      #expect(both.count == 2)
      #expect(try await run(["MEM_AUTO_SAVE_ENABLED": "false", "MEM_AUTO_SAVE_FREQ": "120"], nil) == [])
    }
  }

  @Test("loads the older dump when the newest is truncated, and logs the reason")
  func truncated() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      let newest = try await withGatehouse(dumps: generated) { (gatehouse: GatehouseProcess) async throws in
        let token = try gatehouse.logIn()
        _ = try gatehouse.send("POST", "/platform/group", token: token, json: ["group_name": "first"])
        _ = try gatehouse.send("POST", "/platform/memory/dump", token: token)
        _ = try gatehouse.send("POST", "/platform/group", token: token, json: ["group_name": "second"])
        let answer = try gatehouse.send("POST", "/platform/memory/dump", token: token)
        gatehouse.signal(SIGKILL)
        _ = try gatehouse.waitForExit()
        return URL(filePath: answer.json.value(at: "response.path")?.string ?? "")
      }
      let bytes = try Data(contentsOf: newest)
      try bytes.dropLast(1).write(to: newest)
      try await withGatehouse(dumps: generated) { (gatehouse: GatehouseProcess) async throws in
        let token = try gatehouse.logIn()
        #expect(try gatehouse.send("GET", "/platform/group/first", token: token).status == 200)
        #expect(try gatehouse.send("GET", "/platform/group/second", token: token).status == 200, "the journal")
        #expect(gatehouse.logs("dump passed over"))
        #expect(gatehouse.logs("damaged or cut off"))
        #expect(try Data(contentsOf: newest) == bytes.dropLast(1))
      }
    }
  }

  @Test("refuses to start with a wrong key and leaves every file alone, unless it may start empty")
  func wrongKey() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      try await withGatehouse(dumps: generated) { (gatehouse: GatehouseProcess) async throws in
        #expect(try gatehouse.stop() == 0)
      }
      let files = {
        Dictionary(
          uniqueKeysWithValues: dumps(in: generated).map { ($0, try? Data(contentsOf: generated.appending(path: $0))) })
      }
      let before = files()
      let refused = try GatehouseProcess(dumps: generated, ["MEM_ENCRYPTION_KEY": "quite another key"])
      #expect(try refused.waitForExit() == 65)
      #expect(files() == before)
      #expect(refused.logs("MEM_ENCRYPTION_KEYS_OLD"))
      #expect(!refused.log.contains("quite another key"))
      let rotated = [
        "MEM_ENCRYPTION_KEY": "quite another key", "MEM_ENCRYPTION_KEYS_OLD": GatehouseProcess.encryptionKey,
      ]
      try await withGatehouse(dumps: generated, rotated) { (gatehouse: GatehouseProcess) async throws in
        #expect(try gatehouse.stop() == 0)
      }
      try await withGatehouse(dumps: generated, ["MEM_ENCRYPTION_KEY": "quite another key"]) { _ in }
      try await withGatehouse(dumps: generated, ["MEM_ENCRYPTION_KEY": "a third key", "MEM_ALLOW_EMPTY_START": "true"])
      { (gatehouse: GatehouseProcess) async throws in
        #expect(gatehouse.logs("MEM_ALLOW_EMPTY_START"))
      }
    }
  }

  @Test("restores Doorman's dump, and keeps every document through a stop and a start")
  func interop() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      try FileManager.default.createDirectory(at: generated, withIntermediateDirectories: true)
      let name = "memory_dump-20261123T201137Z.bin"
      try FileManager.default.copyItem(at: Fixture.url(name), to: generated.appending(path: name))
      for _ in 0..<2 {
        try await withGatehouse(dumps: generated) { (gatehouse: GatehouseProcess) async throws in
          let token = try gatehouse.logIn()
          _ = try gatehouse.logIn("alice@example.com", "Another-Passw0rd!1")
          let expected = try JSONParser(maximumDepth: 100).parse(Fixture.text("memory_dump-20261123T201137Z.json"))
          for (path, key, collection) in [
            ("/platform/api/all", "apis", "apis"), ("/platform/routing/all", "routings", "routings"),
          ] {
            let rows = try gatehouse.send("GET", path, token: token).json.object?[key]?.array
            let documents = expected.object?["data"]?.object?[collection]?.array?.compactMap {
              $0.object?.removing("_id")
            }
            #expect(rows?.compactMap(\.object) == documents)
          }
          // The path in the dump's settings is from another machine. Dumps are written where this environment says.
          let warnings = try gatehouse.send("GET", "/platform/security/settings", token: token).json.object?[
            "security_warnings"]
          #expect(warnings?.array?.count == 1)
          let count = dumps(in: generated).count
          #expect(try gatehouse.stop() == 0)
          #expect(dumps(in: generated).count == count + 1)
        }
      }
    }
  }

  @Test("keeps the older dump when it is killed in the middle of one")
  func killed() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      try await withGatehouse(dumps: generated) { (gatehouse: GatehouseProcess) async throws in
        let token = try gatehouse.logIn()
        _ = try gatehouse.send("POST", "/platform/group", token: token, json: ["group_name": "kept"])
        #expect(try gatehouse.send("POST", "/platform/memory/dump", token: token).status == 200)
        for round in 0..<60 {
          _ = try gatehouse.send("POST", "/platform/group", token: token, json: ["group_name": .string("g\(round)")])
        }
        // Dumps follow each other until the kill hits one, or the time between two.
        for _ in 0..<20 { gatehouse.signal(SIGUSR1) }
        _ = eventually {
          unfinished(in: generated).contains { $0.hasPrefix(".memory_dump-") }
            ? true : dumps(in: generated).count > 3 ? true : nil
        }
        gatehouse.signal(SIGKILL)
        #expect(try gatehouse.waitForExit() == -SIGKILL)
      }
      // A kill during a dump leaves an unfinished file.
      try Data("DMP1 unfinished".utf8).write(to: generated.appending(path: ".memory_dump-20300101T000000Z.bin.1.tmp"))
      try await withGatehouse(dumps: generated) { (gatehouse: GatehouseProcess) async throws in
        #expect(try gatehouse.send("GET", "/platform/group/kept", token: gatehouse.logIn()).status == 200)
        #expect(eventually { unfinished(in: generated).isEmpty ? true : nil } == true)
      }
    }
  }
}
