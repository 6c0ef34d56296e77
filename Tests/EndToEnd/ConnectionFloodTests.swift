import Foundation
import JSON
import TestSupport
import Testing

/// Clients without a login that take all they can get. Whatever they do, changes get into the last dump.
@Suite("A flood of connections", .serialized)
struct ConnectionFloodTests {
  private static let descriptors = 256

  /// A script that starts the program with few descriptors.
  private func limiter(in root: URL, descriptors: Int = Self.descriptors) throws -> URL {
    let script = root.appending(path: "with-few-descriptors")
    try Data("#!/bin/sh\nexec prlimit --nofile=\(descriptors):\(descriptors) \"$@\"\n".utf8).write(to: script)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script.path())
    return script
  }

  /// A change that a dump must hold.
  private func change(_ gatehouse: GatehouseProcess, _ token: String, _ name: String) throws {
    let answer = try gatehouse.send(
      "POST", "/platform/group", token: token, json: ["group_name": .string(name), "group_description": "d"])
    #expect(answer.status == 201)
  }

  private func epoch(in generated: URL) throws -> Int? {
    let lease = try JSONParser().parseObject(Array(Data(contentsOf: generated.appending(path: "lease.json"))))
    return lease["epoch"]?.number?.int
  }

  /// The longest of a second's probes.
  private func slowestProbe(of gatehouse: GatehouseProcess, during time: Duration) throws -> Duration {
    let end = ContinuousClock.now + time
    var slowest = Duration.zero
    while ContinuousClock.now < end {
      let start = ContinuousClock.now
      #expect(try gatehouse.send("GET", "/platform/monitor/readiness").status == 200)
      slowest = max(slowest, ContinuousClock.now - start)
    }
    return slowest
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
      #expect(try slowestProbe(of: gatehouse, during: .seconds(16)) < .seconds(1))
      let share = (try gatehouse.processorTime() - processor) / (ContinuousClock.now - start)
      #expect(share < 0.8, "of a core")
      #expect(try gatehouse.openDescriptors() <= Self.descriptors - 64)
      let dump = try gatehouse.send("POST", "/platform/memory/dump", token: token)
      #expect(dump.status == 200)
      try change(gatehouse, token, "before-the-end")
      #expect(try epoch(in: generated) == before)
      #expect(try gatehouse.stop() == 0)
      #expect(gatehouse.log.contains("the last dump is safe"))
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
}
