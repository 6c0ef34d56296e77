import Foundation
import Glibc
import JSON
import Synchronization
import TestSupport
import Testing

/// A sidecar that watches a service, with a metrics port of its own.
private struct WatchingSidecar {
  let process: ProgramProcess
  let port: Int
  private let generated: URL

  init(_ gateway: FakeGateway, _ generated: URL, descriptors: Int? = nil) throws {
    var wrapper: URL?
    if let descriptors {
      let script = generated.deletingLastPathComponent().appending(path: "with-few-descriptors")
      try "#!/bin/sh\nexec prlimit --nofile=\(descriptors):\(descriptors) \"$@\"\n"
        .write(to: script, atomically: true, encoding: .utf8)
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script.path())
      wrapper = script
    }
    process = try SidecarProcess.start(
      dumps: generated, port: gateway.server.port, ["SIDECAR_METRICS_PORT": "0", "DRAIN_DEADLINE": "15"],
      through: wrapper)
    try process.waitForLog("logged in")
    try process.waitForLog("dump verified")
    try process.waitForLog("metrics.port=")
    let line = try #require(process.log.firstMatch(of: /metrics\.port=([0-9]+)/))
    port = try #require(Int(line.output.1))
    self.generated = generated
  }

  /// How the health check of ECS would go, which gives it 5 seconds, and takes some failures in a row for one. It fails
  /// by itself when it takes 4.
  func health() throws -> Int32 {
    let check = { () throws -> Int32 in
      try SidecarProcess.run(["health", "--watching"], dumps: generated, ["SIDECAR_METRICS_PORT": "\(port)"]).code
    }
    for _ in 0..<2 where try check() == 0 { return 0 }
    return try check()
  }

  func get(_ path: String) throws -> HTTPAnswer {
    let connection = try HTTPConnection(port: port)
    try connection.send("GET \(path) HTTP/1.1\r\nhost: x\r\n\r\n")
    return try connection.receive()
  }

  /// Clock ticks, a hundred a second, that the process has computed for.
  private var ticks: Int {
    let text = (try? String(contentsOfFile: "/proc/\(process.identifier)/stat", encoding: .utf8)) ?? ""
    let columns = text.split(separator: ")").last?.split(separator: " ") ?? []
    return columns.count > 12 ? (Int(columns[11]) ?? 0) + (Int(columns[12]) ?? 0) : 0
  }

  /// The share of one processor that it takes over a second.
  func load() -> Double {
    let (before, start) = (ticks, ContinuousClock.now)
    _ = eventually(within: .seconds(1)) { () -> Bool? in nil }
    let took = (ContinuousClock.now - start) / .seconds(1)
    return Double(ticks - before) / 100 / took
  }

  /// Open descriptors.
  var descriptors: Int {
    ((try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process.identifier)/fd")) ?? []).count
  }

  /// Limits the descriptors of the running process. Those that it has stay open.
  func limitDescriptors(to count: Int) throws {
    let prlimit = ChildProcess()
    prlimit.executableURL = URL(filePath: "/usr/bin/env")
    prlimit.arguments = ["prlimit", "--pid", "\(process.identifier)", "--nofile=\(count):"]
    try prlimit.run()
    prlimit.waitUntilExit()
    #expect(prlimit.terminationStatus == 0)
  }
}

@Suite("The metrics port")
struct MetricsPortTests {
  @Test(
    "answers the health check beside clients that send nothing, half a request, too much, or take nothing",
    arguments: ["silent", "half", "huge", "slow", "deaf", "reset"])
  func badClients(kind: String) async throws {
    try await withDoormanDump { generated, dump in
      let gateway = try FakeGateway { _, _ in FakeGateway.wrote(dump.path()) }
      let sidecar = try WatchingSidecar(gateway, generated)
      let clients = try (0..<40).map { _ in try HTTPConnection(port: sidecar.port) }
      for (number, client) in clients.enumerated() {
        // One that was closed meanwhile takes nothing any more.
        switch kind {
        case "half": try? client.send("GET /healthz HTTP/1.1\r\nhost: ")
        case "huge": try? client.send("GET /" + String(repeating: "x", count: 100_000))
        case "slow": try? client.send(String("GET /healthz HTTP/1.1\r\n".prefix(1 + number % 20)))
        case "deaf": try? client.send("GET /metrics HTTP/1.1\r\n\r\n")
        case "reset": client.reset()
        default: break
        }
      }
      for _ in 0..<3 { #expect(try sidecar.health() == 0) }
      #expect(sidecar.load() < 0.5)
      // None of them stays longer than its time. (Where there is an answer to be read, it hides the end from a look.)
      if kind != "deaf", kind != "huge" {
        #expect(eventually { clients.allSatisfy(\.isClosedAlready) ? true : nil } == true)
      }
      #expect(try sidecar.process.stop() == 0)
    }
  }

  @Test("tells a client that its head is too large, or that there is no such path")
  func refusals() async throws {
    try await withDoormanDump { generated, dump in
      let gateway = try FakeGateway { _, _ in FakeGateway.wrote(dump.path()) }
      let sidecar = try WatchingSidecar(gateway, generated)
      #expect(try sidecar.get("/" + String(repeating: "x", count: 20_000)).status == 431)
      #expect(try sidecar.get("/other").status == 404)
      // A request in many pieces, and one with a body behind it, are requests.
      let pieces = try HTTPConnection(port: sidecar.port)
      for byte in "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n" { try pieces.send(String(byte)) }
      #expect(try pieces.receive().status == 200)
      let body = try HTTPConnection(port: sidecar.port)
      try body.send("GET /healthz HTTP/1.1\r\ncontent-length: 4\r\n\r\nbody")
      #expect(try body.receive().status == 200)
    }
  }

  @Test(
    "answers while a thousand connections come at once and are made anew, with few descriptors, and so does the drain")
  func flood() async throws {
    try await withDoormanDump { generated, dump in
      let gateway = try FakeGateway { _, _ in FakeGateway.wrote(dump.path()) }
      let sidecar = try WatchingSidecar(gateway, generated, descriptors: 64)
      var clients: [HTTPConnection] = []
      for _ in 0..<1000 { if let client = try? HTTPConnection(port: sidecar.port) { clients.append(client) } }
      #expect(try sidecar.health() == 0)
      let isOver = Mutex(false)
      let port = sidecar.port
      let held = clients
      let flooding = Task.detached {
        var held = held
        while !isOver.withLock({ $0 }) {
          for index in held.indices where held[index].isClosedAlready {
            if let client = try? HTTPConnection(port: port) { held[index] = client }
          }
          _ = eventually(within: .milliseconds(20)) { () -> Bool? in nil }
        }
      }
      clients = []
      for _ in 0..<5 { #expect(try sidecar.health() == 0) }
      #expect(sidecar.load() < 0.7)
      #expect(sidecar.descriptors < 64)
      #expect(try sidecar.process.stop() == 0)
      #expect(try SidecarProcess.receipt(in: generated)["outcome"] == "drained")
      isOver.withLock { $0 = true }
      await flooding.value
    }
  }

  @Test("does not spin while the process has no descriptor left for a connection, and answers once it has")
  func noDescriptors() async throws {
    try await withDoormanDump { generated, dump in
      let gateway = try FakeGateway { _, _ in FakeGateway.wrote(dump.path()) }
      let sidecar = try WatchingSidecar(gateway, generated)
      try sidecar.limitDescriptors(to: 3)
      let client = try HTTPConnection(port: sidecar.port)
      try client.send("GET /healthz HTTP/1.1\r\n\r\n")
      try sidecar.process.waitForLog("no connection can be taken on the metrics port")
      #expect(sidecar.load() < 0.3)
      try sidecar.limitDescriptors(to: 1024)
      #expect(try client.receive().status == 200)
      // A drain without descriptors fails, says so, and ends by its deadline.
      try sidecar.limitDescriptors(to: 3)
      let start = ContinuousClock.now
      #expect(try sidecar.process.stop() == 74)
      #expect(ContinuousClock.now - start < .seconds(45))
      #expect(sidecar.process.logs("drain.outcome=volume_failed"))
      #expect(!sidecar.process.log.contains("drain.outcome=service_gone"))
    }
  }
}
