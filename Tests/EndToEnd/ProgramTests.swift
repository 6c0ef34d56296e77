import Foundation
import Glibc
import JSON
import TestSupport
import Testing

@Suite("The program")
struct ProgramTests {
  private func run(_ arguments: [String], dumps: URL, _ changes: [String: String] = [:]) throws -> (
    code: Int32, output: String
  ) {
    let process = try GatehouseProcess(dumps: dumps, changes, arguments: arguments)
    return (try process.waitForExit(), process.log)
  }

  @Test("refuses THREADS=2 and every other fault at once, with exit code 78")
  func configurationFaults() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let (code, output) = try run(
        [], dumps: root.appending(path: "g"), ["THREADS": "2", "PORT": "x", "JWT_SECRET_KEY": ""])
      #expect(code == 78)
      for name in ["THREADS", "PORT", "JWT_SECRET_KEY"] { #expect(output.contains("configuration: \(name): ")) }
      #expect(names(in: root.appending(path: "g")) == [])
    }
  }

  @Test(
    "refuses an origin that no browser sends", arguments: ["https://a.example/", "a.example", "http://u@h", "http://"])
  func origins(origin: String) async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let (code, output) = try run(
        ["config", "check"], dumps: root.appending(path: "g"), ["ALLOWED_ORIGINS": "https://b.example:8443,\(origin)"])
      #expect(code == 78 && output.contains("ALLOWED_ORIGINS: holds '\(origin)'"), "\(output)")
      for good in ["*", "null", "http://localhost:3000,app://localhost", "http://[::1]:80"] {
        #expect(
          try run(["config", "check"], dumps: root.appending(path: "g"), ["ALLOWED_ORIGINS": good]).code == 0, "\(good)"
        )
      }
    }
  }

  @Test("explains itself")
  func help() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let help = try run(["--help"], dumps: root.appending(path: "g"))
      #expect(help.code == 0)
      for word in ["SIGUSR1", "78", "dump", "config"] { #expect(help.output.contains(word)) }
      #expect(try run(["--version"], dumps: root.appending(path: "g")).output.contains("0.1.0"))
      #expect(try run(["--nonsense"], dumps: root.appending(path: "g")).code == 64)
    }
  }

  @Test("tells a health check whether it is ready, in time whatever the gateway does")
  func health() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let dumps = root.appending(path: "g")
      let reserved = try RefusingPort()
      let service = try GatehouseProcess(dumps: dumps, ["PORT": "\(reserved.port)"])
      try service.waitUntilReady()
      // Whether it says this now or in a while. A busy machine may keep the answer from it for as long as it waits.
      let says = { (words: String, code: Int32) throws -> Bool in
        try eventually { () throws -> Bool? in
          let check = try run(["health"], dumps: dumps, ["PORT": "\(service.port)", "HOST": "0.0.0.0"])
          return check.code == code && check.output.contains(words) ? true : nil
        } == true
      }
      #expect(try says("healthy: ready\n", 0))
      service.signal(SIGSTOP)
      #expect(try says("UNHEALTHY: no answer", 1))
      service.signal(SIGCONT)
      #expect(try service.stop() == 0)
      #expect(try says("nothing listens", 1))
      let wrong = try run(["health"], dumps: dumps, ["PORT": "0"])
      #expect(wrong.code == 78 && wrong.output.contains("PORT"), "\(wrong)")
      withExtendedLifetime(reserved) {}
    }
  }

  @Test("shows its settings without its secrets")
  func configCheck() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let table = try run(["config", "check"], dumps: root.appending(path: "g"))
      #expect(table.code == 0)
      #expect(table.output.contains("MEM_ENCRYPTION_KEY"))
      let json = try run(["config", "check", "--json"], dumps: root.appending(path: "g"))
      #expect(
        try JSONParser().parse(json.output.trimmingCharacters(in: .whitespacesAndNewlines)).value(at: "PORT.value")
          == "0")
      for output in [table.output, json.output] {
        for secret in [GatehouseProcess.encryptionKey, GatehouseProcess.adminPassword, "a-secret-of-the-tests"] {
          #expect(!output.contains(secret))
        }
      }
      let bad = try run(["config", "check"], dumps: root.appending(path: "g"), ["THREADS": "2"])
      #expect(bad.code == 78)
    }
  }

  @Test("shows, verifies and tries dumps for operators")
  func dumpCommands() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      try await withGatehouse(dumps: generated) { (gatehouse: GatehouseProcess) async throws in
        let token = try gatehouse.logIn()
        _ = try gatehouse.send("POST", "/platform/memory/dump", token: token)
        #expect(try gatehouse.stop() == 0)
      }
      let dumps = names(in: generated).filter { $0.hasSuffix(".bin") }
      let list = try run(["dump", "list"], dumps: generated)
      #expect(list.code == 0)
      for dump in dumps { #expect(list.output.contains(dump)) }
      let json = try JSONParser().parse(
        try run(["dump", "list", "--json"], dumps: generated).output.trimmingCharacters(in: .whitespacesAndNewlines))
      #expect(json.object?["dumps"]?.array?.count == dumps.count)
      #expect(try run(["dump", "inspect"], dumps: generated).output.contains("users  1"))
      #expect(try run(["dump", "verify"], dumps: generated).code == 0)
      #expect(try run(["dump", "restore-check"], dumps: generated).output.contains("loads"))
      let converted = root.appending(path: "converted")
      #expect(try run(["dump", "convert", "--format", "dmp1", "--into", converted.path()], dumps: generated).code == 0)
      let copies = names(in: converted)
      #expect(copies.count == 1 && dumps.contains(copies[0]))
      #expect(try run(["dump", "inspect"], dumps: converted).output.contains("format      DMP1"))
      #expect(try run(["dump", "inspect"], dumps: generated).output.contains("format      DMP2"))
      try await withGatehouse(dumps: converted, ["MEM_DUMP_FORMAT": "dmp1"]) {
        (gatehouse: GatehouseProcess) async throws in
        _ = try gatehouse.logIn()
        #expect(try gatehouse.stop() == 0)
      }
      #expect(
        try run(["dump", "convert", "--format", "dmp1", "--into", generated.path()], dumps: generated).code != 0)
      #expect(try run(["dump", "convert", "--format", "dmp9", "--into", "x"], dumps: generated).code == 64)
      try Data(contentsOf: generated.appending(path: dumps[0])).dropLast(1).write(
        to: generated.appending(path: dumps[0]))
      let verify = try run(["dump", "verify"], dumps: generated)
      #expect(verify.code == 65)
      #expect(verify.output.contains("BAD  "))
      #expect(try run(["dump", "verify", dumps[1]], dumps: generated).code == 0)
      #expect(try run(["dump", "restore-check"], dumps: generated, ["MEM_ENCRYPTION_KEY": "wrong wrong"]).code == 65)
      #expect(try run(["dump", "list"], dumps: root.appending(path: "none")).code == 73)
      #expect(try run(["dump", "list"], dumps: generated, ["MEM_ENCRYPTION_KEY": ""]).code == 78)
    }
  }

  /// Whether the gateway has read everything that was sent to it. In that case the kernel's list (proc(5),
  /// /proc/net/tcp) shows empty queues for its connections.
  func hasReadAll(_ port: Int) throws -> Bool {
    let local = String(format: ":%04X", port)
    var waiting: [Substring] = []
    let list = try FileHandle(forReadingFrom: URL(filePath: "/proc/net/tcp"))
    defer { try? list.close() }
    var text = Data()
    // The kernel returns such a list in pieces, of which the first is not complete.
    while let piece = try list.read(upToCount: 4096), !piece.isEmpty { text += piece }
    for line in String(decoding: text, as: UTF8.self).split(separator: "\n") {
      let columns = line.split(separator: " ")
      // The state 01 means established.
      if columns.count > 4, columns[1].hasSuffix(local), columns[3] == "01" { waiting.append(columns[4].suffix(8)) }
    }
    return !waiting.isEmpty && waiting.allSatisfy { $0 == "00000000" }
  }

  @Test("lets calls in flight finish, turns readiness false and new calls away, then dumps")
  func draining() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      try await withGatehouse(dumps: generated) { (gatehouse: GatehouseProcess) async throws in
        let token = try gatehouse.logIn()
        // A request whose body is not complete is in flight.
        let body = Array(#"{"group_name":"in-flight"}"#.utf8)
        let slow = try HTTPConnection(port: gatehouse.port)
        try slow.send(
          "POST /platform/group HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(token)\r\nContent-Length: \(body.count)\r\n\r\n"
        )
        try slow.send(Array(body.prefix(5)))
        #expect(eventually { try? hasReadAll(gatehouse.port) ? true : nil } == true)
        gatehouse.signal(SIGTERM)
        #expect(gatehouse.logs(" stopping "))
        let readiness = try gatehouse.send("GET", "/platform/monitor/readiness")
        #expect(readiness.status == 503)
        #expect(readiness.json.object?["status"] == "draining")
        let refused = try gatehouse.send("GET", "/platform/user/me", token: token)
        #expect(refused.status == 503)
        #expect(refused.header("connection") == "close")
        try slow.send(Array(body.dropFirst(5)))
        #expect(try slow.receive().status == 201)
        #expect(try gatehouse.waitForExit() == 0)
      }
      try await withGatehouse(dumps: generated) { (gatehouse: GatehouseProcess) async throws in
        #expect(try gatehouse.send("GET", "/platform/group/in-flight", token: gatehouse.logIn()).status == 200)
      }
    }
  }

  @Test("logs no secret, password, token or body")
  func secretsInLogs() async throws {
    try await withGatehouse(["LOG_LEVEL": "TRACE", "LOG_FORMAT": "json"]) {
      (gatehouse: GatehouseProcess) async throws in
      let token = try gatehouse.logIn()
      _ = try gatehouse.send("GET", "/platform/user/me?password=in-the-query", token: token)
      _ = try gatehouse.send("POST", "/platform/group", token: token, json: ["group_name": "in-the-body"])
      _ = try gatehouse.send("GET", "/platform/user/me", token: "bad-token-of-a-client")
      _ = try gatehouse.stop()
      let words = [
        GatehouseProcess.encryptionKey, GatehouseProcess.adminPassword, "a-secret-of-the-tests", token, "in-the-query",
        "in-the-body",
        "bad-token-of-a-client",
      ]
      for word in words { #expect(!gatehouse.log.contains(word), "\(word)") }
      for line in gatehouse.log.split(separator: "\n") { _ = try JSONParser().parseObject(Array(line.utf8)) }
    }
  }
}
