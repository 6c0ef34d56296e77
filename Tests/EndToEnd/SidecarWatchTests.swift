import Foundation
import Glibc
import JSON
import TestSupport
import Testing

@Suite("The sidecar's watch")
struct SidecarWatchTests {
  @Test("verifies each new dump exactly once, also over its own restarts, and prunes by the rules")
  func exactlyOnce() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      try await withGatehouse(dumps: generated, SidecarProcess.account) { (gatehouse: GatehouseProcess) async throws in
        let token = try gatehouse.logIn()
        let dump = {
          try gatehouse.send("POST", "/platform/memory/dump", token: token).json.object?["response"]?.object?["path"]?
            .string.map { URL(filePath: $0).lastPathComponent } ?? ""
        }
        let rules = ["KEEP_LAST": "3"]
        var all = [try dump(), try dump()]
        let first = try SidecarProcess.start(dumps: generated, port: gatehouse.port, rules)
        for name in all { try first.waitForLog("dump.name=\(name)") }
        for _ in 0..<3 {
          all.append(try dump())
          try first.waitForLog("dump.name=\(all[all.count - 1])")
        }
        try first.waitForLog("dump pruned")
        first.signal(SIGKILL)
        _ = try first.waitForExit()
        let second = try SidecarProcess.start(dumps: generated, port: gatehouse.port, rules)
        all.append(try dump())
        try second.waitForLog("dump.name=\(all[5])")
        #expect(try second.stop() == 0)
        for (number, name) in all.enumerated() {
          let times = (first.log + second.log).split(separator: "\n").count {
            $0.contains(" dump verified ") && $0.contains("dump.name=\(name) ")
          }
          #expect(times == 1, "\(number) \(name)")
        }
        let kept = dumpNames(generated)
        #expect(kept.contains(all[5]) && !kept.contains(all[0]))
        // The gateway still starts from what is left.
        #expect(try gatehouse.stop() == 0)
      }
      try await withGatehouse(dumps: generated) { _ in }
    }
  }

  @Test("unlinks a file of the trash when it is due, although no dump comes")
  func trash() async throws {
    let now = Dumps.now
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      let gateway = try FakeGateway { _, _ in .status(403) }
      for age in [300, 200] { try Dumps.write(in: generated, at: now - age) }
      let sidecar = try SidecarProcess.start(
        dumps: generated, port: gateway.server.port, ["KEEP_LAST": "1", "TRASH_KEEP": "3s"])
      try sidecar.waitForLog("dump pruned")
      try sidecar.waitForLog("dump unlinked from the trash", within: .seconds(120))
    }
  }

  @Test("empties the trash of a volume that is nearly full, although no dump comes")
  func fullVolume() async throws {
    let now = Dumps.now
    try await withTemporaryDirectory { (root: URL) async throws in
      guard let volume = SmallVolume(root.appending(path: "generated"), size: "256k") else {
        try skip("this process may not mount a tmpfs")
        return
      }
      let gateway = try FakeGateway { _, _ in .status(403) }
      let name = try Dumps.write(in: volume.url, at: now - 300)
      let sidecar = try SidecarProcess.start(dumps: volume.url, port: gateway.server.port, ["TRASH_KEEP": "1h"])
      try sidecar.waitForLog("dump verified")
      let trash = volume.url.appending(path: "trash")
      try FileManager.default.createDirectory(at: trash, withIntermediateDirectories: true)
      let file = trash.appending(path: name)
      try FileManager.default.copyItem(at: volume.url.appending(path: name), to: file)
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSinceNow: -7200)], ofItemAtPath: file.path())
      volume.fill()
      try sidecar.waitForLog("dump unlinked from the trash", within: .seconds(120))
      #expect(names(in: trash).isEmpty)
    }
  }

  @Test("keeps what a command of an operator noted beside it")
  func notesOfOthers() async throws {
    let now = Dumps.now
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      let gateway = try FakeGateway { _, _ in .status(403) }
      try Dumps.write(in: generated, at: now - 300, documents: 10)
      let small = try Dumps.write(in: generated, at: now - 200, documents: 2)
      let sidecar = try SidecarProcess.start(
        dumps: generated, port: gateway.server.port, ["KEEP_LAST": "1", "TRASH_KEEP": "1h"])
      try sidecar.waitForLog("shrank by more than half")
      #expect(
        try SidecarProcess.run(["prune", "--accept-shrunk"], dumps: generated, ["KEEP_LAST": "5"]).code == 0)
      // The next round prunes by what was accepted: the large one goes at last.
      let next = try Dumps.write(in: generated, at: now - 100, documents: 2)
      try sidecar.waitForLog("dump pruned")
      #expect(eventually { dumpNames(generated) == [next] ? true : nil } == true, "\(dumpNames(generated)) \(small)")
      _ = try sidecar.stop()
    }
  }

  @Test("serves metrics and health on loopback, and goes on when the gateway goes and comes back")
  func metrics() async throws {
    try await withDoormanDump { generated, _ in
      let gateway = try FakeGateway { _, _ in FakeGateway.wrote("/x") }
      let reserved = try RefusingPort()
      let port = reserved.port
      let sidecar = try SidecarProcess.start(
        dumps: generated, port: gateway.server.port,
        ["SIDECAR_METRICS_PORT": "\(port)", "SIDECAR_STATUS_EVERY": "1s", "LOG_FORMAT": "json"])
      try sidecar.waitForLog("\"metrics.port\":\(port)")
      try sidecar.waitForLog("dump verified")
      let get = { (path: String) throws -> HTTPAnswer in
        let connection = try HTTPConnection(port: port)
        try connection.send("GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n")
        return try connection.receive()
      }
      let isTold = try eventually {
        try get("/metrics").text.contains("gatehouse_sidecar_newest_verified_dump_documents 20\n") ? true : nil
      }
      #expect(isTold == true)
      #expect(try get("/healthz").status == 200)
      #expect(try get("/other").status == 404)
      let own = ["SIDECAR_METRICS_PORT": "\(port)"]
      #expect(try SidecarProcess.isHealthy(dumps: generated, own))
      let watching = { (port: Int?) in
        try SidecarProcess.run(
          ["health", "--watching"], dumps: generated.appending(path: "not-there"),
          port.map { ["SIDECAR_METRICS_PORT": "\($0)"] } ?? [:])
      }
      let isWatching = try SidecarProcess.isHealthy(
        ["health", "--watching"], dumps: generated.appending(path: "not-there"), own)
      #expect(isWatching, "whatever the volume is like")
      #expect(try watching(nil).code == 78)
      let line = try #require(
        eventually { sidecar.log.split(separator: "\n").first { $0.contains("\"dump_age_seconds\"") } })
      #expect(try JSONParser().parseObject(Array(line.utf8))["message"] == "status")
      gateway.server.stop()
      try sidecar.waitForLog("the gateway is not there")
      let isGone = try eventually {
        try get("/metrics").text.contains("gatehouse_sidecar_service_ready 0\n") ? true : nil
      }
      #expect(isGone == true)
      for line in sidecar.log.split(separator: "\n") { _ = try JSONParser().parseObject(Array(line.utf8)) }
      #expect(try sidecar.stop() == 0)
      #expect(
        try SidecarProcess.run(["health"], dumps: generated, ["SIDECAR_METRICS_PORT": "\(port)"]).code == 1)
      #expect(try watching(port).code == 1)
      withExtendedLifetime(reserved) {}
    }
  }

  @Test("does not take a dump for damaged that is still being written, as some services do it")
  func growing() async throws {
    try await withDoormanDump { generated, dump in
      let gateway = try FakeGateway { _, _ in .status(403) }
      let sidecar = try SidecarProcess.start(dumps: generated, port: gateway.server.port)
      try sidecar.waitForLog("dump verified")
      let growing = generated.appending(path: "memory_dump-20261124T000000Z.bin")
      let bytes = try Data(contentsOf: dump)
      _ = FileManager.default.createFile(atPath: growing.path(), contents: bytes.prefix(5000))
      let handle = try FileHandle(forWritingTo: growing)
      try handle.seekToEnd()
      var (last, longest) = (ContinuousClock.now, Duration.zero)
      for place in stride(from: 5000, to: bytes.count, by: 500) {
        try handle.write(contentsOf: bytes[place..<min(place + 500, bytes.count)])
        let now = ContinuousClock.now
        (last, longest) = (now, max(longest, now - last))
        _ = poll(nil, 0, 300)
      }
      try handle.close()
      try sidecar.waitForLog("dump.name=\(growing.lastPathComponent) ")
      let isVerified = eventually {
        sidecar.log.split(separator: "\n").contains {
          $0.contains(" dump verified ") && $0.contains(growing.lastPathComponent)
        } ? true : nil
      }
      #expect(isVerified == true)
      // A file that does not grow for two seconds is taken for whole. On a busy machine this one may not grow so long.
      #expect(longest > .seconds(1) || !sidecar.log.contains("does not verify"))
      _ = try sidecar.stop()
    }
  }

  @Test("drains when ECS says that the task stops, before any signal")
  func ecs() async throws {
    try await withDoormanDump { generated, dump in
      let gateway = try FakeGateway { _, _ in FakeGateway.wrote(dump.path()) }
      let metadata = try LoopbackServer { _ in .json(#"{"DesiredStatus":"STOPPED","KnownStatus":"RUNNING"}"#) }
      let sidecar = try SidecarProcess.start(
        dumps: generated, port: gateway.server.port, ["ECS_CONTAINER_METADATA_URI_V4": "\(metadata.url)/v4/x"])
      #expect(try sidecar.waitForExit() == 0)
      #expect(try SidecarProcess.receipt(in: generated)["cause"] == "ECS stops the task")
    }
  }
}
