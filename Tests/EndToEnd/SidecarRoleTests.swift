import Foundation
import Glibc
import JSON
import TestSupport
import Testing

/// Two tasks on one dump directory, each a gateway with a sidecar. The first gateway is the writer.
private struct TwoTasks {
  let directory: URL
  let (writer, standby): (GatehouseProcess, GatehouseProcess)
  let (writers, standbys): (ProgramProcess, ProgramProcess)
  let token: String

  init(_ directory: URL, _ settings: [String: String]) throws {
    self.directory = directory
    writer = try GatehouseProcess(dumps: directory, SidecarProcess.account)
    try writer.waitUntilReady()
    token = try writer.logIn()
    standby = try GatehouseProcess(dumps: directory, SidecarProcess.account)
    try standby.waitUntilReady()
    let settings = settings.merging(["SIDECAR_METRICS_PORT": "0", "SIDECAR_STATUS_EVERY": "1s"]) { $1 }
    standbys = try SidecarProcess.start(dumps: directory, port: standby.port, settings)
    try standbys.waitForLog("volume.role=standby")
    writers = try SidecarProcess.start(dumps: directory, port: writer.port, settings)
    try writers.waitForLog("volume.role=holder")
  }

  /// Writes a dump.
  ///
  /// - Returns: its name.
  func dump(_ task: GatehouseProcess) throws -> String {
    let answer = try task.send("POST", "/platform/memory/dump", token: try task.logIn())
    let path = try #require(answer.json.value(at: "response.path")?.string, "\(answer.text)")
    return URL(filePath: path).lastPathComponent
  }

  /// Whether the metrics of a sidecar have some words, now or in a while.
  func shows(_ sidecar: ProgramProcess, _ words: String) throws -> Bool {
    try eventually { try sidecar.sidecarMetrics().contains(words) ? true : nil } == true
  }
}

extension ProgramProcess {
  fileprivate func said(_ words: String, of name: String = "") -> Bool {
    log.split(separator: "\n").contains { $0.contains(words) && $0.contains(name) }
  }
}

@Suite("The sidecars of two tasks on one volume")
struct SidecarRoleTests {
  private static func withTasks(
    _ settings: [String: String], _ body: (TwoTasks) async throws -> Void
  ) async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let tasks = try TwoTasks(root.appending(path: "generated"), settings)
      try await body(tasks)
      for process in [tasks.writers, tasks.standbys] where process.isRunning { process.signal(SIGKILL) }
      for task in [tasks.standby, tasks.writer] where task.isRunning { _ = try? task.stop() }
    }
  }

  @Test(
    "verify, prune and note only beside the writer, and the next one begins at once", arguments: [SIGTERM, SIGKILL])
  func prune(signal: Int32) async throws {
    try await Self.withTasks(["KEEP_LAST": "2", "TRASH_KEEP": "1h"]) { tasks in
      var names: [String] = []
      for _ in 0..<4 {
        names.append(try tasks.dump(tasks.writer))
        let name = names[names.count - 1]
        #expect(eventually { tasks.writers.said("dump verified", of: name) ? true : nil } == true)
      }
      try tasks.writers.waitForLog("dump pruned")
      #expect(eventually { dumpNames(tasks.directory).count == 2 ? true : nil } == true)
      #expect(try tasks.shows(tasks.writers, "gatehouse_sidecar_role{role=\"holder\"} 1\n"))
      #expect(try tasks.shows(tasks.writers, "newest_verified_dump_age_seconds "))
      #expect(try tasks.shows(tasks.standbys, "gatehouse_sidecar_role{role=\"standby\"} 1\n"))
      // The age of the dumps is the business of the writer's sidecar.
      #expect(try !tasks.standbys.sidecarMetrics().contains("newest_verified_dump_age_seconds "))
      try tasks.standbys.waitForLog("role=standby")
      #expect(!tasks.standbys.said("dump_age_seconds"))
      for words in ["dump verified", "dump pruned", "journal pruned", "journal verified"] {
        #expect(!tasks.standbys.said(words), "\(words)")
      }
      // The writer's task ends: with a drain, or all of it at once.
      if signal == SIGTERM {
        #expect(try tasks.writers.stop() == 0)
      } else {
        tasks.writers.signal(signal)
        _ = try tasks.writers.waitForExit()
      }
      tasks.writer.signal(signal)
      _ = try tasks.writer.waitForExit()
      try tasks.standbys.waitForLog("volume.role=holder", within: .seconds(60))
      for _ in 0..<2 {
        let name = try tasks.dump(tasks.standby)
        #expect(eventually { tasks.standbys.said("dump verified", of: name) ? true : nil } == true)
      }
      try tasks.standbys.waitForLog("dump pruned")
      #expect(try tasks.shows(tasks.standbys, "newest_verified_dump_age_seconds "))
      #expect(try tasks.standbys.stop() == 0)
      #expect(try SidecarProcess.receipt(in: tasks.directory)["outcome"] == "drained")
    }
  }

  @Test("make each copy in S3 once, and the next writer's goes on with the journals")
  func copies() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let moto = try MotoServer(in: root)
      #expect(try moto.call("s3", "PUT", "/copies").status == 200)
      let settings = [
        "OFFSITE_S3_BUCKET": "copies", "OFFSITE_S3_ENDPOINT": moto.url, "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "OFFSITE_INTERVAL": "1", "KEEP_JOURNAL": "1h",
      ]
      func copies() throws -> String { try moto.call("s3", "GET", "/copies?list-type=2").text }
      try await Self.withTasks(settings) { tasks in
        let first = try tasks.dump(tasks.writer)
        #expect(eventually { tasks.writers.said("dump copied to S3", of: first) ? true : nil } == true)
        #expect(
          try tasks.writer.send("POST", "/platform/group", token: tasks.token, json: ["group_name": "one"]).status
            == 201)
        #expect(try eventually { try copies().contains(".journal-1-1.part-") ? true : nil } == true)
        #expect(try !tasks.standbys.sidecarMetrics().contains("offsite_journal_lag_seconds "))
        #expect(try tasks.shows(tasks.writers, "offsite_journal_lag_seconds "))
        // A drain of the standby copies nothing, and says so.
        let drained = try SidecarProcess.run(["drain"], dumps: tasks.directory, port: tasks.standby.port, settings)
        #expect(drained.code == 0)
        let receipt = try SidecarProcess.receipt(in: tasks.directory)
        #expect(receipt["outcome"] == "standby" && receipt["offsite"]?.object?["copied"] == false)
        #expect(receipt["offsite"]?.object?["reason"]?.string?.contains("its sidecar makes the copies") == true)
        #expect(dumpNames(tasks.directory) == [first])
        tasks.writers.signal(SIGKILL)
        _ = try tasks.writers.waitForExit()
        #expect(try tasks.writer.stop() == 0)
        try tasks.standbys.waitForLog("volume.role=holder", within: .seconds(60))
        let second = try tasks.dump(tasks.standby)
        #expect(eventually { tasks.standbys.said("dump copied to S3", of: second) ? true : nil } == true)
        #expect(!tasks.standbys.said("dump copied to S3", of: first))
        // The journal that the other sidecar began is whole now.
        #expect(
          eventually { tasks.standbys.said("journal copied to S3", of: ".journal-1-1") ? true : nil } == true,
          "\(tasks.standbys.log)")
        #expect(try eventually { try copies().contains(".journal-1-1.part-") ? nil : true } == true)
      }
    }
  }

  @Test("leave files alone while the gateway does not answer, and say so")
  func silent() async throws {
    let now = Dumps.now
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      let gateway = try FakeGateway(
        readiness: { .json(#"{"status":"starting"}"#, status: 503) }, dump: { _, _ in .status(503) })
      for age in [300, 200, 100] { try Dumps.write(in: generated, at: now - age) }
      let sidecar = try SidecarProcess.start(
        dumps: generated, port: gateway.server.port,
        ["KEEP_LAST": "1", "SIDECAR_STATUS_EVERY": "1s", "SIDECAR_METRICS_PORT": "0"])
      let isVerified = eventually {
        sidecar.log.split(separator: "\n").count { $0.contains("dump verified") } == 3 ? true : nil
      }
      #expect(isVerified == true)
      try sidecar.waitForLog("role=unknown")
      #expect(dumpNames(generated).count == 3 && !sidecar.said("dump pruned"))
      sidecar.signal(SIGKILL)
      _ = try sidecar.waitForExit()
    }
  }
}
