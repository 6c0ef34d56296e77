import Foundation
import Glibc
import JSON
import TestSupport
import Testing

/// Clients without a login that take all they can get. Whatever they do, changes get into the last dump.
@Suite("A flood of connections", .serialized)
struct ConnectionFloodTests {
  private static let descriptors = 512

  /// A script that starts the program with few descriptors, and with a soft limit of half of them.
  private func limiter(in root: URL, descriptors: Int = Self.descriptors) throws -> URL {
    let script = root.appending(path: "with-few-descriptors")
    try Data("#!/bin/sh\nexec prlimit --nofile=\(descriptors / 2):\(descriptors) \"$@\"\n".utf8).write(to: script)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script.path())
    return script
  }

  /// Sends a request up to three times, as a health check does: where hundreds wait, the place of a client that is slow
  /// to send goes to the next, and on a busy machine that may be this one.
  private func ask(
    _ gatehouse: GatehouseProcess, _ method: String, _ path: String, token: String? = nil, raw: [UInt8]? = nil
  ) throws -> HTTPAnswer {
    for _ in 0..<2 { if let answer = try? gatehouse.send(method, path, token: token, raw: raw) { return answer } }
    return try gatehouse.send(method, path, token: token, raw: raw)
  }

  /// A change that a dump must hold.
  private func change(_ gatehouse: GatehouseProcess, _ token: String, _ name: String) throws {
    let group = JSONWriter.bytes(["group_name": .string(name), "group_description": "d"] as JSONValue)
    #expect(try ask(gatehouse, "POST", "/platform/group", token: token, raw: group).status == 201)
  }

  private func epoch(in generated: URL) throws -> Int? {
    let lease = try JSONParser().parseObject(Array(Data(contentsOf: generated.appending(path: "lease.json"))))
    return lease["epoch"]?.number?.int
  }

  /// How long probes take that are sent with 10 ms between them, the quickest first.
  private func probes(of gatehouse: GatehouseProcess, during time: Duration) throws -> [Duration] {
    let end = ContinuousClock.now + time
    var times: [Duration] = []
    while ContinuousClock.now < end {
      let start = ContinuousClock.now
      #expect(try ask(gatehouse, "GET", "/platform/monitor/readiness").status == 200)
      times.append(ContinuousClock.now - start)
      usleep(10_000)
    }
    return times.sorted()
  }

  @Test("does not keep a change out of the last dump, the lease from being renewed, or probes from being answered")
  func silentConnections() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      let gatehouse = try GatehouseProcess(dumps: generated, through: limiter(in: root))
      defer { if gatehouse.isRunning { gatehouse.signal(SIGKILL) } }
      try gatehouse.waitUntilReady()
      let token = try gatehouse.logIn()
      let before = try #require(try epoch(in: generated))
      let flood = ConnectionFlood(port: gatehouse.port, count: 400)
      defer { flood.stop() }
      #expect(eventually { flood.opened > 400 ? true : nil } == true)
      try change(gatehouse, token, "in-the-flood")
      let (start, processor) = (ContinuousClock.now, try gatehouse.processorTime())
      let times = try probes(of: gatehouse, during: .seconds(16))
      // The time that a health check has. Other tests may hold the cores.
      #expect(times[times.count / 2] < .seconds(4))
      let share = (try gatehouse.processorTime() - processor) / (ContinuousClock.now - start)
      #expect(share < 0.8, "of a core")
      // More than the soft limit that it was started with, and less than the hard one.
      #expect((Self.descriptors / 2...Self.descriptors - 64).contains(try gatehouse.openDescriptors()))
      #expect(try ask(gatehouse, "POST", "/platform/memory/dump", token: token).status == 200)
      try change(gatehouse, token, "before-the-end")
      #expect(try epoch(in: generated) == before)
      #expect(try gatehouse.stop() == 0)
      #expect(gatehouse.logs("the last dump is safe"))
      #expect(!gatehouse.log.contains("lost the lease"))
      flood.stop()
      try await withGatehouse(dumps: generated) { (next: GatehouseProcess) async throws in
        let token = try next.logIn()
        for name in ["in-the-flood", "before-the-end"] {
          #expect(try next.send("GET", "/platform/group/\(name)", token: token).status == 200)
        }
      }
    }
  }

  @Test(
    "keeps no health check waiting where few connections fit, whatever the clients have sent",
    arguments: ["", "GET /platf", "POST /platform/authorization HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"])
  func fewDescriptors(bytes: String) async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let gatehouse = try GatehouseProcess(
        dumps: root.appending(path: "generated"), through: limiter(in: root, descriptors: 140))
      defer { if gatehouse.isRunning { gatehouse.signal(SIGKILL) } }
      try gatehouse.waitUntilReady()
      let flood = ConnectionFlood(port: gatehouse.port, count: 400, sending: Array(bytes.utf8))
      defer { flood.stop() }
      #expect(eventually { flood.opened >= 400 ? true : nil } == true)
      var times: [Duration] = []
      for _ in 0..<5 {
        let start = ContinuousClock.now
        if (try? ask(gatehouse, "GET", "/platform/monitor/readiness"))?.status == 200 {
          times.append(ContinuousClock.now - start)
        }
      }
      #expect(times.count >= 4)
      // The time that a health check has.
      #expect(try #require(times.sorted().dropFirst(2).first) < .seconds(4))
      #expect(try gatehouse.stop() == 0)
    }
  }

  @Test("does not keep the sidecar from draining")
  func drain() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      let gatehouse = try GatehouseProcess(dumps: generated, SidecarProcess.account, through: limiter(in: root))
      defer { if gatehouse.isRunning { gatehouse.signal(SIGKILL) } }
      try gatehouse.waitUntilReady()
      try change(gatehouse, gatehouse.logIn(), "before-the-drain")
      let flood = ConnectionFlood(port: gatehouse.port, count: 400, sending: Array("GET /platf".utf8))
      defer { flood.stop() }
      #expect(eventually { flood.opened > 600 ? true : nil } == true)
      let drain = try SidecarProcess.run(["drain"], dumps: generated, port: gatehouse.port)
      #expect(drain.code == 0, "\(drain.output)")
      #expect(try SidecarProcess.receipt(in: generated)["outcome"] == "drained")
      #expect(try gatehouse.stop() == 0)
    }
  }

  @Test(
    "from elsewhere leaves the places of loopback free, and one address its share",
    .enabled(if: HostAddress.beyondLoopback != nil, "the host has no address but loopback"))
  func fromElsewhere() async throws {
    let host = try #require(HostAddress.beyondLoopback)
    let half = "POST /platform/authorization HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"
    let changes = ["HOST": "0.0.0.0", "MAX_CONNECTIONS": "4", "MAX_CONNECTIONS_PER_ADDRESS": "off"]
    try await withGatehouse(changes) { (gatehouse: GatehouseProcess) async throws in
      let busy = try (0..<4).map { _ in try HTTPConnection(port: gatehouse.port, host: host) }
      for connection in busy { try connection.send(half) }
      #expect(eventually { refusesNext(gatehouse, host) ? true : nil } == true)
      #expect(try gatehouse.send("GET", "/platform/monitor/readiness").status == 200)
      withExtendedLifetime(busy) {}
    }
    try await withGatehouse(changes.merging(["MAX_CONNECTIONS_PER_ADDRESS": "2"]) { $1 }) { gatehouse in
      let idle = try (0..<3).map { _ in try HTTPConnection(port: gatehouse.port, host: host) }
      let isOneClosed = eventually { idle.count { $0.isClosedByServer(within: .zero) } == 1 ? true : nil }
      #expect(isOneClosed == true)
      let own = try (0..<3).map { _ in try HTTPConnection(port: gatehouse.port) }
      #expect(own.filter { $0.isClosedByServer(within: .seconds(1)) }.isEmpty)
      withExtendedLifetime(own) {}
    }
  }

  /// Whether one more connection is closed before it could ask.
  private func refusesNext(_ gatehouse: GatehouseProcess, _ host: String) -> Bool {
    guard let next = try? HTTPConnection(port: gatehouse.port, host: host) else { return false }
    return next.isClosedByServer(within: .seconds(1))
  }

  @Test("closes the connection that has been idle longest for a new one, and leaves the others")
  func longestIdle() async throws {
    try await withGatehouse(["MAX_CONNECTIONS": "3"]) { (gatehouse: GatehouseProcess) async throws in
      let silent = try (0..<3).map { _ in try HTTPConnection(port: gatehouse.port) }
      #expect(gatehouse.logs("listening"))
      // It is answered whether or not the three were accepted before.
      #expect(try gatehouse.send("GET", "/api/health").status == 200)
      let next = try HTTPConnection(port: gatehouse.port)
      try next.send("GET /api/health HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try next.receive().status == 200)
      #expect(silent[0].isClosedByServer())
      try silent[2].send("GET /api/health HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try silent[2].receive().status == 200)
      #expect(gatehouse.logs("connections closed to make room"))
    }
  }

  @Test("of slow bodies and heads takes no more memory than is set; small requests pass")
  func memory() async throws {
    let changes = ["MAX_REQUEST_MEMORY_BYTES": "1048576"]
    try await withGatehouse(changes) { (gatehouse: GatehouseProcess) async throws in
      let token = try gatehouse.logIn()
      let before = try gatehouse.residentMemory()
      let body = [UInt8](repeating: UInt8(ascii: " "), count: 60_000)
      let head = "POST /platform/authorization HTTP/1.1\r\nHost: x\r\nContent-Length: 61000\r\n\r\n"
      let slow = try (0..<60).map { _ in try HTTPConnection(port: gatehouse.port) }
      for connection in slow { try? connection.send(Array(head.utf8) + body) }
      let refused = eventually {
        let answers = slow.compactMap { $0.receiveNow() }
        return answers.contains { $0.contains("GTW505") && $0.lowercased().contains("retry-after") } ? true : nil
      }
      #expect(refused == true)
      let field = "X-Long: \(String(repeating: "x", count: 15_000))\r\n"
      let heads = try (0..<100).map { _ in try HTTPConnection(port: gatehouse.port) }
      for connection in heads { try? connection.send("GET /api/health HTTP/1.1\r\n" + field + field) }
      let areClosed = eventually { heads.count { $0.isClosedByServer(within: .zero) } > 50 ? true : nil }
      #expect(areClosed == true)
      #expect(try gatehouse.residentMemory() - before < 64 << 20)
      _ = try gatehouse.logIn()
      #expect(try gatehouse.send("POST", "/platform/memory/dump", token: token).status == 200)
      withExtendedLifetime((slow, heads)) {}
    }
  }

  @Test("with heads that are too long, and with bodies that are too long for a login, is refused")
  func headers() async throws {
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      let line = { (name: String, count: Int) in "\(name): \(String(repeating: "x", count: count))\r\n" }
      let heads = [
        "GET /\(String(repeating: "x", count: 17_000)) HTTP/1.1\r\n", "GET / HTTP/1.1\r\n" + line("X-One", 17_000),
        "GET / HTTP/1.1\r\n" + line("X-One", 15_000) + line("X-Two", 15_000) + line("X-Three", 15_000),
        "GET / HTTP/1.1\r\n" + (0..<200).map { line("X-\($0)", 1) }.joined(),
      ]
      for (index, head) in heads.enumerated() {
        let status = index == 0 ? 414 : 431
        let connection = try HTTPConnection(port: gatehouse.port)
        try? connection.send(head + "Host: x\r\n\r\n")
        #expect(((try? connection.receive())?.status ?? status) == status)
        #expect(connection.isClosedByServer())
      }
      let long = try HTTPConnection(port: gatehouse.port)
      try long.send("POST /platform/authorization HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n")
      #expect(try long.receive().code == "REQ001")
      #expect(try gatehouse.send("GET", "/api/health").status == 200)
    }
  }

  @Test("that sends byte by byte, or asks without ever reading, neither fills the memory nor keeps a dump waiting")
  func clumsyClients() async throws {
    try await withGatehouse { (gatehouse: GatehouseProcess) async throws in
      let token = try gatehouse.logIn()
      let before = try gatehouse.residentMemory()
      let chunked = "POST /platform/authorization HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      let bytes = String(repeating: "1\r\nx\r\n", count: 20_000)
      let question = String(repeating: "GET /platform/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n", count: 1000)
      let extended = chunked + "1;" + String(repeating: "x", count: 300_000)
      let expecting =
        "POST /platform/authorization HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n"
      let flood = try (0..<20).map { _ in try HTTPConnection(port: gatehouse.port) }
      for (index, connection) in flood.enumerated() {
        connection.sendNow(Array([chunked + bytes, question, extended, expecting][index % 4].utf8))
      }
      let start = ContinuousClock.now
      #expect(try gatehouse.send("POST", "/platform/memory/dump", token: token).status == 200)
      #expect(ContinuousClock.now - start < .seconds(20))
      #expect(try gatehouse.residentMemory() - before < 128 << 20)
      #expect(flood[2].isClosedByServer(), "what is no part of a request is bounded")
      // Nobody has read an answer by then.
      #expect(try gatehouse.stop() == 0)
    }
  }

  @Test("of logins keeps neither the sidecar from logging in nor a restore from hashing")
  func logins() async throws {
    let changes = SidecarProcess.account.merging(["LOGIN_IP_RATE_LIMIT": "200"]) { $1 }
    try await withGatehouse(changes) { (gatehouse: GatehouseProcess) async throws in
      let token = try gatehouse.logIn()
      #expect(try gatehouse.send("POST", "/platform/memory/dump", token: token).status == 200)
      let body = JSONWriter.bytes(["email": "nobody", "password": "of a flood"] as JSONValue)
      let request =
        Array(
          "POST /platform/authorization HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.count)\r\n\r\n".utf8) + body
      let flood = try (0..<120).map { _ in try HTTPConnection(port: gatehouse.port) }
      for connection in flood { try connection.send(request) }
      var answers: [Int: String] = [:]
      let isFull = eventually {
        for (index, connection) in flood.enumerated() where answers[index] == nil {
          answers[index] = connection.receiveNow()
        }
        return answers.values.contains { $0.contains("Too many logins") } ? true : nil
      }
      #expect(isFull == true)
      let name = try #require(SidecarProcess.account["SIDECAR_USERNAME"])
      let password = try #require(SidecarProcess.account["SIDECAR_PASSWORD"])
      _ = try gatehouse.logIn(name, password, isPatient: false)
      #expect(try gatehouse.send("POST", "/platform/memory/restore", token: token).status == 200)
      // Some of those who came before still wait.
      let waiting = flood.indices.filter { answers[$0] == nil && flood[$0].receiveNow() == nil }
      #expect(!waiting.isEmpty)
      // No number of tries of others keeps it out either.
      for connection in try (0..<120).map({ _ in try HTTPConnection(port: gatehouse.port) }) {
        try connection.send(request)
      }
      let isLimited = eventually {
        (try? gatehouse.send("POST", "/platform/authorization", raw: body))?.status == 429 ? true : nil
      }
      #expect(isLimited == true)
      _ = try gatehouse.logIn(name, password, isPatient: false)
      withExtendedLifetime(flood) {}
    }
  }
}
