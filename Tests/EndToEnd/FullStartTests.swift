import Foundation
import Glibc
import JSON
import TestSupport
import Testing

/// A task on a small volume, with its log.
private struct VolumeTask {
  let gatehouse: GatehouseProcess

  /// Starts the task and waits until it is ready.
  ///
  /// - Parameter dumps: the dump directory. The log is written beside it, so the directory must not be inside a small
  ///   volume.
  init(_ dumps: URL, _ changes: [String: String] = [:], through wrapper: URL? = nil) throws {
    gatehouse = try GatehouseProcess(
      dumps: dumps, SidecarProcess.account.merging(changes) { $1 }, through: wrapper)
    try gatehouse.waitUntilReady()
  }

  var readiness: JSONObject {
    get throws { try gatehouse.send("GET", "/platform/monitor/readiness").json.object ?? [:] }
  }

  var isWriter: Bool { get throws { try readiness["writer"] == nil } }

  func addGroup(_ name: String) throws -> HTTPAnswer {
    try gatehouse.send("POST", "/platform/group", token: gatehouse.logIn(), json: ["group_name": .string(name)])
  }

  func hasGroup(_ name: String) throws -> Bool {
    try gatehouse.send("GET", "/platform/group/\(name)", token: gatehouse.logIn()).status == 200
  }

  func dump() throws -> HTTPAnswer {
    try gatehouse.send("POST", "/platform/memory/dump", token: gatehouse.logIn())
  }

  /// Checks that the task serves reads, reports a full volume, and accepts no change that no dump could hold.
  func expectShortage(sourceLocation: SourceLocation = #_sourceLocation) throws {
    // The reason comes a moment after the first attempt to take the lease.
    let isFull = try eventually { () throws -> Bool? in
      try self.readiness["reason"]?.string?.contains("the volume is full") == true ? true : nil
    }
    #expect(isFull == true, sourceLocation: sourceLocation)
    let readiness = try readiness
    #expect(readiness["status"] == "ready", sourceLocation: sourceLocation)
    #expect(readiness["writer"] == false, sourceLocation: sourceLocation)
    #expect(readiness["reason"]?.string?.contains("the volume is full") == true, "\(readiness)")
    #expect(readiness["reason"]?.string?.contains("/") == false, "a path is the operator's business")
    let refused = try addGroup("refused")
    #expect(refused.status == 503 && refused.code == "GTW504", sourceLocation: sourceLocation)
    #expect(refused.header("retry-after") == "5", sourceLocation: sourceLocation)
    #expect(refused.text.contains("the volume is full"), sourceLocation: sourceLocation)
    #expect(try !hasGroup("refused"), sourceLocation: sourceLocation)
    let dump = try dump()
    #expect(dump.status == 409 && dump.code == "MEM007", sourceLocation: sourceLocation)
    #expect(dump.text.contains("the volume is full"), sourceLocation: sourceLocation)
    #expect(gatehouse.logs("the volume of the dump directory is full"), sourceLocation: sourceLocation)
  }

  /// Checks that the task becomes the writer by itself once there is space.
  func expectRecovery(sourceLocation: SourceLocation = #_sourceLocation) throws {
    let recovered = try eventually { try isWriter ? true : nil }
    #expect(recovered == true, "\(gatehouse.log)", sourceLocation: sourceLocation)
    #expect(gatehouse.logs("the lease is read and renewed again"), sourceLocation: sourceLocation)
    #expect(try addGroup("taken").status == 201, sourceLocation: sourceLocation)
    #expect(try dump().status == 200, sourceLocation: sourceLocation)
  }
}

private func withSmallVolume(
  _ size: String = "256k", below path: String = "generated", _ body: (SmallVolume, URL) async throws -> Void
) async throws {
  try await withTemporaryDirectory { (root: URL) async throws in
    guard let volume = SmallVolume(root.appending(path: path), size: size) else {
      try skip("this process may not mount a tmpfs")
      return
    }
    try await body(volume, root)
  }
}

private func dumps(in directory: URL) -> [String] { names(in: directory).filter { $0.hasSuffix(".bin") } }

@Suite("A start on a full volume")
struct FullStartTests {
  @Test("without a dump serves a fresh state, takes no changes, and goes on by itself when there is room")
  func fresh() async throws {
    try await withSmallVolume { (volume: SmallVolume, root: URL) async throws in
      volume.fill()
      let task = try VolumeTask(volume.url)
      try task.expectShortage()
      volume.free()
      try task.expectRecovery()
      #expect(try task.gatehouse.stop() == 0)
      let next = try VolumeTask(volume.url)
      #expect(try next.hasGroup("taken"))
      #expect(try next.gatehouse.stop() == 0)
    }
  }

  @Test("without a dump ends in order when it is stopped before there is room: nothing was to be saved")
  func stoppedFull() async throws {
    try await withSmallVolume { (volume: SmallVolume, root: URL) async throws in
      volume.fill()
      let task = try VolumeTask(volume.url)
      try task.expectShortage()
      #expect(try task.gatehouse.stop() == 0)
      #expect(task.gatehouse.logs("stopped without a dump: this task can't take the lease of its volume"))
      #expect(dumps(in: volume.url) == [])
    }
  }

  @Test(
    "with dumps serves the newest state, takes no changes, and goes on by itself when there is room",
    arguments: [SIGTERM, SIGKILL])
  func restored(end: Int32) async throws {
    try await withSmallVolume { (volume: SmallVolume, root: URL) async throws in
      let first = try VolumeTask(volume.url)
      #expect(try first.addGroup("kept").status == 201)
      #expect(try first.dump().status == 200)
      first.gatehouse.signal(end)
      _ = try first.gatehouse.waitForExit()
      volume.fill()
      let task = try VolumeTask(volume.url)
      #expect(try task.hasGroup("kept"))
      try task.expectShortage()
      volume.free()
      try task.expectRecovery()
      #expect(try task.gatehouse.stop() == 0)
      let next = try VolumeTask(volume.url)
      #expect(try next.hasGroup("kept") && next.hasGroup("taken"))
    }
  }

  @Test("on which the directory can't be created creates it once there is space")
  func noDirectory() async throws {
    try await withSmallVolume("256k,nr_inodes=12", below: "volume") { (volume: SmallVolume, root: URL) async throws in
      let fillers = (0..<20).map { volume.url.appending(path: "filler-\($0)").path() }
      for filler in fillers { close(open(filler, O_WRONLY | O_CREAT, 0o600)) }
      let path = volume.url.appending(path: "below/generated/memory_dump.bin").path()
      let task = try VolumeTask(volume.url, ["MEM_DUMP_PATH": path])
      #expect(!names(in: volume.url).contains("below"))
      try task.expectShortage()
      for filler in fillers { unlink(filler) }
      try task.expectRecovery()
      #expect(try task.gatehouse.stop() == 0)
    }
  }

  @Test("that an unfinished dump of a dead process fills first removes that dump")
  func leftover() async throws {
    try await withSmallVolume { (volume: SmallVolume, root: URL) async throws in
      volume.fill()
      let filler = volume.url.appending(path: "filler").path()
      #expect(rename(filler, volume.url.appending(path: ".memory_dump-20261128T000000Z.bin.7-0.tmp").path()) == 0)
      let task = try VolumeTask(volume.url)
      #expect(try task.isWriter)
      #expect(task.gatehouse.logs("left-over file of an unfinished dump removed"))
      #expect(try task.addGroup("taken").status == 201)
    }
  }

  @Test("beside a writer stands by like any other")
  func besideWriter() async throws {
    try await withSmallVolume { (volume: SmallVolume, root: URL) async throws in
      let first = try VolumeTask(volume.url)
      #expect(try first.dump().status == 200)
      volume.fill()
      let second = try VolumeTask(volume.url)
      #expect(try second.readiness["writer"] == false)
      #expect(try second.readiness["reason"]?.string?.contains("another task holds the lease") == true)
      #expect(try second.addGroup("refused").code == "GTW504")
      volume.free()
      #expect(try first.gatehouse.stop() == 0)
      let tookOver = try eventually { try second.isWriter ? true : nil }
      #expect(tookOver == true, "\(second.gatehouse.log)")
    }
  }

  @Test("behaves the same when the user's quota is used up")
  func quota() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      // Each thread's calls are counted separately, because the lease's attempts continue for some seconds.
      guard let wrapper = try Wrapper.failing("fsync:error=EDQUOT:when=1..32", in: root) else {
        try skip("strace does not work here")
        return
      }
      let task = try VolumeTask(root.appending(path: "generated"), through: wrapper)
      #expect(try task.readiness["reason"]?.string?.contains("the volume is full") == true, "\(task.gatehouse.log)")
      #expect(task.gatehouse.logs("Disk quota exceeded"))
      let recovered = try eventually { try task.isWriter ? true : nil }
      #expect(recovered == true, "\(task.gatehouse.log)")
      // The journal tries again for some seconds, too. A change that was answered with 503 may be made all the same, so
      // each try has a name of its own.
      var tries = 0
      let taken = try eventually {
        tries += 1
        return try task.addGroup("taken\(tries)").status == 201 ? true : nil
      }
      #expect(taken == true, "\(task.gatehouse.log)")
    }
  }

  @Test("shows in the sidecar's metrics, and is drained as a task that has nothing to save")
  func sidecar() async throws {
    try await withSmallVolume { (volume: SmallVolume, root: URL) async throws in
      volume.fill()
      let task = try VolumeTask(volume.url)
      let sidecar = try SidecarProcess.start(
        dumps: volume.url, port: task.gatehouse.port, ["SIDECAR_STATUS_EVERY": "1s"])
      try sidecar.waitForLog("service.state=\"the gateway stands by: this task can't take the lease of its volume")
      try sidecar.waitForLog("service_ready=1 service_writer=0")
      try sidecar.waitForLog("logged in")
      #expect(try sidecar.stop() == 0)
      #expect(sidecar.logs("drain.outcome=standby"), "\(sidecar.log)")
      #expect(sidecar.logs("drain.sentence=\"this task can't take the lease of its volume"))
      #expect(!sidecar.log.contains("another task"))
      #expect(try task.gatehouse.stop() == 0)
    }
  }
}
