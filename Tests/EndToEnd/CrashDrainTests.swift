import Foundation
import Glibc
import JSON
import TestSupport
import Testing

/// The report of a drain when the gateway is gone.
@Suite("A drain after the end of the gateway")
struct CrashDrainTests {
  private func change(_ gatehouse: GatehouseProcess, _ token: String, _ name: String) throws {
    #expect(
      try gatehouse.send("POST", "/platform/group", token: token, json: ["group_name": .string(name)]).status == 201)
  }

  @Test(
    "by a crash says which dump is the newest, up to which change the journal is safe, and does not exit 0",
    arguments: ["run", "drain"])
  func crash(command: String) async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      try await withGatehouse(dumps: generated, SidecarProcess.account) { (gatehouse: GatehouseProcess) async throws in
        let token = try gatehouse.logIn()
        #expect(try gatehouse.send("POST", "/platform/memory/dump", token: token).status == 200)
        let sidecar = try SidecarProcess.start(dumps: generated, port: gatehouse.port)
        try sidecar.waitForLog("logged in")
        try change(gatehouse, token, "acknowledged")
        gatehouse.signal(SIGKILL)
        _ = try gatehouse.waitForExit()
        let code: Int32
        if command == "run" {
          code = try sidecar.stop()
        } else {
          // Started afterwards, it has never seen the gateway.
          code = try SidecarProcess.run(["drain"], dumps: generated, port: gatehouse.port).code
        }
        #expect(code == 70)
        let receipt = try SidecarProcess.receipt(in: generated)
        #expect(receipt["outcome"] == "service_crashed")
        #expect(receipt["exit_code"] == 70)
        let newest = try #require(names(in: generated).last { $0.hasSuffix(".bin") })
        let dump = try #require(receipt["dump"]?.object)
        #expect(dump["name"] == .string(newest))
        let sentence = try #require(receipt["sentence"]?.string)
        #expect(sentence.contains(newest) && !sentence.contains("may be lost"))
        // The change after the dump, and those that the start made.
        let journal = try #require(receipt["journal"]?.object)
        let commits = try #require(journal["commits"]?.number?.int)
        #expect(journal["in_dump"] == false && commits >= 1)
        #expect(sentence.contains("every change up to commit \(commits) of journal 1-1 is safe"))
        #expect(sentence.contains(try #require(dump["created_at"]?.string)))
        if command == "run" { #expect(sidecar.logs("drain.outcome=service_crashed")) }
        #expect(try SidecarProcess.run(["receipt"], dumps: generated).output.contains("service_crashed in "))
      }
    }
  }

  @Test("by a crash without any dump says so")
  func crashWithoutDump() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      try await withGatehouse(dumps: generated, SidecarProcess.account) { (gatehouse: GatehouseProcess) async throws in
        let sidecar = try SidecarProcess.start(dumps: generated, port: gatehouse.port)
        try sidecar.waitForLog("logged in")
        gatehouse.signal(SIGKILL)
        #expect(try sidecar.stop() == 70)
        let receipt = try SidecarProcess.receipt(in: generated)
        #expect(receipt["outcome"] == "service_crashed")
        #expect(receipt["sentence"]?.string?.contains("there is no dump on the volume") == true)
      }
    }
  }

  /// Kills a service with a change that came after its last dump.
  private func crash(_ gatehouse: GatehouseProcess) throws {
    let token = try gatehouse.logIn()
    #expect(try gatehouse.send("POST", "/platform/memory/dump", token: token).status == 200)
    try change(gatehouse, token, "acknowledged")
    gatehouse.signal(SIGKILL)
    _ = try gatehouse.waitForExit()
  }

  @Test("by a crash before the sidecar was started says so, too")
  func crashBeforeSidecar() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      try await withGatehouse(dumps: generated, SidecarProcess.account) { (gatehouse: GatehouseProcess) async throws in
        try crash(gatehouse)
        let sidecar = try SidecarProcess.start(dumps: generated, port: gatehouse.port)
        try sidecar.waitForLog("service.state")
        #expect(try sidecar.stop() == 70)
        let receipt = try SidecarProcess.receipt(in: generated)
        #expect(receipt["outcome"] == "service_crashed")
        #expect(receipt["service"]?.object?["was_ready"] == false)
      }
    }
  }

  @Test("with its whole host is told by the lease, long before the time for asking is over")
  func hostGone() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      try await withGatehouse(dumps: generated, SidecarProcess.account) { (gatehouse: GatehouseProcess) async throws in
        try crash(gatehouse)
      }
      let host = try FullPort()
      let drain = try SidecarProcess.run(["drain"], dumps: generated, port: host.port)
      #expect(drain.code == 70, "\(drain.output)")
      let receipt = try SidecarProcess.receipt(in: generated)
      #expect(receipt["outcome"] == "service_crashed")
      // One look at the lease may take too long on a busy machine. Seven attempts fit into the time for asking.
      let attempts = receipt["attempts"]?.array?.count ?? 0
      #expect(3...4 ~= attempts, "\(receipt)")
      withExtendedLifetime(host) {}
    }
  }

  @Test("in order, before the sidecar was started, does not")
  func orderlyBeforeSidecar() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      try await withGatehouse(dumps: generated, SidecarProcess.account) { (gatehouse: GatehouseProcess) async throws in
        try change(gatehouse, try gatehouse.logIn(), "acknowledged")
        #expect(try gatehouse.stop() == 0)
        let sidecar = try SidecarProcess.start(dumps: generated, port: gatehouse.port)
        try sidecar.waitForLog("service.state")
        #expect(try sidecar.stop() == 0)
        let receipt = try SidecarProcess.receipt(in: generated)
        #expect(receipt["outcome"] == "never_ready")
        #expect(receipt["sentence"]?.string?.contains("released the lease") == true)
      }
    }
  }

  @Test("by a crash of a task on standby has nothing to save; of the writer whose lease another has taken, it has")
  func twoTasks() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      try await withGatehouse(dumps: generated, SidecarProcess.account) { (writer: GatehouseProcess) async throws in
        let token = try writer.logIn()
        #expect(try writer.send("POST", "/platform/memory/dump", token: token).status == 200)
        let besideWriter = try SidecarProcess.start(dumps: generated, port: writer.port)
        try besideWriter.waitForLog("logged in")
        for isTakenOver in [false, true] {
          try await withGatehouse(dumps: generated, SidecarProcess.account) { (other: GatehouseProcess) async throws in
            if isTakenOver {
              try change(writer, token, "acknowledged")
              writer.signal(SIGKILL)
              #expect(other.logs("took over the lease"))
              #expect(try besideWriter.stop() == 70)
              #expect(try SidecarProcess.receipt(in: generated)["outcome"] == "service_crashed")
              return
            }
            let besideOther = try SidecarProcess.start(dumps: generated, port: other.port)
            try besideOther.waitForLog("stands by")
            try besideOther.waitForLog("logged in")
            other.signal(SIGKILL)
            #expect(try besideOther.stop() == 0)
            let receipt = try SidecarProcess.receipt(in: generated)
            #expect(receipt["outcome"] == "standby")
            #expect(receipt["service"]?.object?["last_seen"] == "standby")
          }
        }
      }
    }
  }

  @Test(
    "is told by the lease although another task has taken it since, and has ended in order or still holds it",
    arguments: [true, false], [true, false])
  func successor(crashes: Bool, stillHolds: Bool) async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      try await withGatehouse(dumps: generated, SidecarProcess.account) { (writer: GatehouseProcess) async throws in
        let token = try writer.logIn()
        #expect(try writer.send("POST", "/platform/memory/dump", token: token).status == 200)
        let sidecar = try SidecarProcess.start(dumps: generated, port: writer.port, ["LOG_LEVEL": "DEBUG"])
        try sidecar.waitForLog("the gateway holds the lease")
        try change(writer, token, "acknowledged")
        writer.signal(crashes ? SIGKILL : SIGTERM)
        _ = try writer.waitForExit()
        try await withGatehouse(dumps: generated, SidecarProcess.account) { (other: GatehouseProcess) async throws in
          let isWriter = eventually {
            other.log.contains("took the lease") || other.log.contains("took over") ? true : nil
          }
          #expect(isWriter == true)
          if !stillHolds { #expect(try other.stop() == 0) }
          #expect(try sidecar.stop() == (crashes ? 70 : 0))
          let receipt = try SidecarProcess.receipt(in: generated)
          #expect(receipt["outcome"] == (crashes ? "service_crashed" : "service_gone"))
          #expect(receipt["verified"] == true)
        }
      }
    }
  }

  @Test("that nothing tells of, as the lease can't be read, is not taken for an orderly one")
  func unreadableLease() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      try await withGatehouse(dumps: generated, SidecarProcess.account) { (gatehouse: GatehouseProcess) async throws in
        #expect(try gatehouse.send("POST", "/platform/memory/dump", token: gatehouse.logIn()).status == 200)
        let sidecar = try SidecarProcess.start(dumps: generated, port: gatehouse.port, ["DRAIN_DEADLINE": "16"])
        try sidecar.waitForLog("logged in")
        #expect(try gatehouse.stop() == 0)
        try Data("{".utf8).write(to: generated.appending(path: "lease.json"))
        #expect(try sidecar.stop() == 74)
        let receipt = try SidecarProcess.receipt(in: generated)
        #expect(receipt["outcome"] == "lease_unreadable")
        #expect(receipt["sentence"]?.string?.contains("lease.json") == true)
        // The standard deadline is much longer.
        #expect((receipt["took_ms"]?.number?.int ?? .max) <= 25000)
      }
    }
  }

  @Test("that its restart follows drains the restarted service as usual")
  func restarted() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      let reserved = try RefusingPort()
      let settings = SidecarProcess.account.merging(["PORT": "\(reserved.port)"]) { $1 }
      try await withGatehouse(dumps: generated, settings) { (gatehouse: GatehouseProcess) async throws in
        #expect(try gatehouse.send("POST", "/platform/memory/dump", token: gatehouse.logIn()).status == 200)
        let sidecar = try SidecarProcess.start(dumps: generated, port: reserved.port)
        try sidecar.waitForLog("logged in")
        gatehouse.signal(SIGKILL)
        _ = try gatehouse.waitForExit()
        try await withGatehouse(dumps: generated, settings) { (restarted: GatehouseProcess) async throws in
          try change(restarted, try restarted.logIn(), "after-the-restart")
          #expect(try sidecar.stop() == 0)
          #expect(try SidecarProcess.receipt(in: generated)["outcome"] == "drained")
          #expect(restarted.isRunning)
        }
      }
      withExtendedLifetime(reserved) {}
    }
  }

  @Test("of a task that lost its lease does not say that there was nothing to save")
  func deposed() async throws {
    try await withDoormanDump { generated, dump in
      let isOnStandby = Flag()
      let gateway = try FakeGateway(
        readiness: {
          isOnStandby.isSet
            ? .json(#"{"status":"ready","writer":false,"reason":"another"}"#) : .json(#"{"status":"ready"}"#)
        }, dump: { _, _ in .json(#"{"error_code":"MEM007"}"#, status: 409) })
      let sidecar = try SidecarProcess.start(dumps: generated, port: gateway.server.port)
      try sidecar.waitForLog("logged in")
      isOnStandby.set()
      #expect(try sidecar.stop() == 70)
      let receipt = try SidecarProcess.receipt(in: generated)
      #expect(receipt["outcome"] == "lease_lost")
      #expect(receipt["sentence"]?.string?.contains(dump.lastPathComponent) == true)
    }
  }
}
