import Foundation
import Glibc
import JSON
import TestSupport
import Testing

/// A sidecar that watches a service and was told to stop.
private func drained(
  _ gateway: FakeGateway, _ generated: URL, _ changes: [String: String] = [:], waitsFor words: String = "logged in"
) throws -> (code: Int32, receipt: JSONObject, log: String) {
  let sidecar = try SidecarProcess.start(dumps: generated, port: gateway.server.port, changes)
  try sidecar.waitForLog(words)
  let code = try sidecar.stop()
  return (code, try SidecarProcess.receipt(in: generated), sidecar.log)
}

@Suite("A drain")
struct DrainTests {
  @Test("of a real service brings a dump with everything that was acknowledged, verified, and a receipt")
  func real() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      try await withGatehouse(dumps: generated, SidecarProcess.account) { (gatehouse: GatehouseProcess) async throws in
        let sidecar = try SidecarProcess.start(dumps: generated, port: gatehouse.port)
        try sidecar.waitForLog("logged in")
        let token = try gatehouse.logIn()
        #expect(
          try gatehouse.send("POST", "/platform/group", token: token, json: ["group_name": "acknowledged"]).status
            == 201)
        #expect(try sidecar.stop() == 0)
        let receipt = try SidecarProcess.receipt(in: generated)
        #expect(receipt["outcome"] == "drained")
        #expect(receipt["verified"] == true)
        let dump = try #require(receipt["dump"]?.object)
        #expect(dump["new"] == true)
        #expect(dump["collections"]?.object?["groups"] == 3)
        #expect(names(in: generated).contains(dump["name"]?.string ?? ""))
        // Neither secret nor token shows.
        for secret in [SidecarProcess.password, GatehouseProcess.encryptionKey, "eyJ"] {
          #expect(!sidecar.log.contains(secret))
          #expect(!JSONWriter.text(.object(receipt)).contains(secret))
        }
        // The service may be killed now.
        gatehouse.signal(SIGKILL)
      }
      try await withGatehouse(dumps: generated, SidecarProcess.account) { (gatehouse: GatehouseProcess) async throws in
        let token = try gatehouse.logIn()
        #expect(try gatehouse.send("GET", "/platform/group/acknowledged", token: token).status == 200)
        let shown = try SidecarProcess.run(["receipt"], dumps: generated)
        #expect(shown.code == 0)
        #expect(shown.output.contains("drained in "))
      }
    }
  }

  @Test("with the strict envelope, too")
  func strictEnvelope() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      let changes = SidecarProcess.account.merging(["STRICT_RESPONSE_ENVELOPE": "true"]) { $1 }
      try await withGatehouse(dumps: generated, changes) { (gatehouse: GatehouseProcess) async throws in
        #expect(try SidecarProcess.run(["drain"], dumps: generated, port: gatehouse.port).code == 0)
        #expect(try SidecarProcess.receipt(in: generated)["outcome"] == "drained")
        let wrong = try SidecarProcess.run(
          ["drain"], dumps: generated, port: gatehouse.port, ["SIDECAR_PASSWORD": "not-the-password-at-all"])
        #expect(wrong.code == 77)
      }
    }
  }

  @Test("beside a task on standby has nothing to save, and says so")
  func standby() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      try await withGatehouse(dumps: generated, SidecarProcess.account) { (writer: GatehouseProcess) async throws in
        #expect(try writer.send("POST", "/platform/memory/dump", token: writer.logIn()).status == 200)
        try await withGatehouse(dumps: generated, SidecarProcess.account) { (other: GatehouseProcess) async throws in
          let sidecar = try SidecarProcess.start(dumps: generated, port: other.port)
          try sidecar.waitForLog("logged in")
          #expect(sidecar.log.contains("stands by"))
          #expect(try sidecar.stop() == 0)
          let receipt = try SidecarProcess.receipt(in: generated)
          #expect(receipt["outcome"] == "standby")
          #expect(receipt["dump"]?.object?["new"] == false)
          #expect(try other.stop() == 0)
          #expect(try writer.stop() == 0)
        }
      }
    }
  }

  @Test("of a service that is gone verifies the newest dump, and says so")
  func gone() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      try await withGatehouse(dumps: generated, SidecarProcess.account) { (gatehouse: GatehouseProcess) async throws in
        let sidecar = try SidecarProcess.start(dumps: generated, port: gatehouse.port)
        try sidecar.waitForLog("logged in")
        #expect(try gatehouse.stop() == 0)
        #expect(try sidecar.stop() == 0)
        let receipt = try SidecarProcess.receipt(in: generated)
        #expect(receipt["outcome"] == "service_gone")
        #expect(receipt["dump"]?.object?["new"] == false)
        #expect(receipt["sentence"]?.string?.contains("had ended already") == true)
      }
    }
  }

  @Test("of a peer, which answers the path alone, and slowly")
  func peer() async throws {
    try await withDoormanDump { generated, dump in
      let gateway = try FakeGateway { _, request in
        request.headers["authorization"] == "Bearer token-1"
          // The other container calls its directory by another name.
          ? .after(.seconds(2), FakeGateway.wrote("/app/backend-services/generated/\(dump.lastPathComponent)"))
          : .status(401)
      }
      let (code, receipt, _) = try drained(gateway, generated)
      #expect(code == 0)
      #expect(receipt["outcome"] == "drained")
      #expect(receipt["dump"]?.object?["documents"] == 20)
    }
  }

  @Test("logs in again when the token is not taken any more")
  func tokenExpired() async throws {
    try await withDoormanDump { generated, dump in
      let gateway = try FakeGateway { _, request in
        request.headers["authorization"] == "Bearer token-2"
          ? FakeGateway.wrote(dump.path()) : .json(#"{"error_code":"GTW998"}"#, status: 401)
      }
      let (code, receipt, _) = try drained(gateway, generated)
      #expect(code == 0)
      #expect(receipt["attempts"]?.array?.count == 2)
      #expect(gateway.server.count(of: "/platform/authorization") == 2)
    }
  }

  @Test("asks again while the service fails, and ends well when it does not any more")
  func failsAtFirst() async throws {
    try await withDoormanDump { generated, dump in
      let gateway = try FakeGateway { number, _ in
        switch number {
        case 1: .status(500)
        case 2: .close
        case 3: .json(#"{"error_code":"GTW503"}"#, status: 503)
        default: FakeGateway.wrote(dump.path())
        }
      }
      let (code, receipt, _) = try drained(gateway, generated)
      #expect(code == 0)
      // A connection that is closed without an answer is asked once more by libcurl itself.
      #expect((3...4).contains(receipt["attempts"]?.array?.count ?? 0))
      #expect(gateway.server.count(of: "/platform/memory/dump") == 4)
    }
  }

  @Test(
    "of a service that refuses ends at once, with an exit code of its own and the newest dump verified",
    arguments: [
      (403, 77, "forbidden"), (400, 69, "rejected"), (404, 69, "rejected"), (409, 70, "lease_lost"),
    ])
  func refused(status: Int, code: Int32, outcome: String) async throws {
    try await withDoormanDump { generated, _ in
      let gateway = try FakeGateway { _, _ in
        .json(#"{"error_code":"X1","error_message":"in its own words"}"#, status: status)
      }
      let (exit, receipt, log) = try drained(gateway, generated)
      #expect(exit == code)
      #expect(receipt["outcome"] == .string(outcome))
      #expect(receipt["attempts"]?.array?.count == 1)
      #expect(receipt["sentence"]?.string?.contains("in its own words") == true)
      #expect(receipt["dump"]?.object?["new"] == false)
      #expect(log.contains("drain.outcome=\(outcome)"))
    }
  }

  @Test("whose login is refused says what to set, and does not try for ever")
  func loginRefused() async throws {
    try await withDoormanDump { generated, _ in
      let gateway = try FakeGateway(
        logIn: { _ in .json(#"{"error_code":"AUTH002"}"#, status: 400) }, dump: { _, _ in .status(401) })
      let (code, receipt, log) = try drained(gateway, generated, waitsFor: "the login failed")
      #expect(code == 77)
      #expect(receipt["outcome"] == "login_refused")
      #expect(log.contains("SIDECAR_USERNAME and SIDECAR_PASSWORD"))
      #expect(gateway.server.count(of: "/platform/authorization") <= 6)
    }
  }

  @Test("goes on when its login is refused for a moment, as while a restore sets the account up again")
  func loginRefusedForAMoment() async throws {
    try await withDoormanDump { generated, dump in
      let refusals = Counter()
      let gateway = try FakeGateway(
        logIn: { number in
          number > 1 && refusals.next() <= 2
            ? .json(#"{"error_code":"AUTH002"}"#, status: 400) : .json(#"{"access_token":"token-\#(number)"}"#)
        },
        dump: { _, request in
          request.headers["authorization"] == "Bearer token-1" ? .status(401) : FakeGateway.wrote(dump.path())
        })
      let (code, receipt, _) = try drained(gateway, generated)
      #expect(code == 0)
      #expect(receipt["outcome"] == "drained")
    }
  }

  @Test("of a service that only fails, or hangs, ends by its deadline", arguments: ["fails", "hangs"])
  func deadline(kind: String) async throws {
    try await withDoormanDump { generated, _ in
      let gateway = try FakeGateway { _, _ in kind == "fails" ? .status(500) : .hang }
      let (code, receipt, _) = try drained(gateway, generated, ["DRAIN_DEADLINE": "3"])
      #expect(code == (kind == "fails" ? 69 : 75))
      #expect(receipt["outcome"] == (kind == "fails" ? "dump_failed" : "timed_out"))
      #expect((receipt["took_ms"]?.number?.int ?? .max) <= 6000)
      // The newest that is there was verified all the same.
      #expect(receipt["verified"] == true)
    }
  }

  @Test("refuses a path that is not on its volume")
  func elsewhere() async throws {
    try await withDoormanDump { generated, dump in
      let other = generated.deletingLastPathComponent().appending(path: dump.lastPathComponent)
      try FileManager.default.copyItem(at: dump, to: other)
      for path in ["/elsewhere/memory_dump-20261124T000000Z.bin", other.path()] {
        let gateway = try FakeGateway { _, _ in FakeGateway.wrote(path) }
        let (code, receipt, _) = try drained(gateway, generated)
        #expect(code == 74)
        #expect(receipt["outcome"] == "not_on_volume")
        #expect(receipt["sentence"]?.string?.contains("MEM_DUMP_PATH") == true)
      }
    }
  }

  @Test("refuses a dump that does not verify, or is not the one that the service wrote")
  func damaged() async throws {
    try await withDoormanDump { generated, dump in
      let said = try FakeGateway { _, _ in
        .json(#"{"response":{"path":"\#(dump.path())","sha256":"00","documents":21}}"#)
      }
      let other = try drained(said, generated)
      #expect(other.code == 65)
      #expect(other.receipt["sentence"]?.string?.contains("documents is 20, the service said 21") == true)
      var bytes = try Data(contentsOf: dump)
      bytes[5000] ^= 1
      let damaged = generated.appending(path: "memory_dump-20261124T000000Z.bin")
      try bytes.write(to: damaged)
      let gateway = try FakeGateway { _, _ in FakeGateway.wrote(damaged.path()) }
      let (code, receipt, _) = try drained(gateway, generated)
      #expect(code == 65)
      #expect(receipt["outcome"] == "damaged")
    }
  }

  @Test("before the service was ever ready has nothing to save", arguments: ["starting", "absent"])
  func neverReady(kind: String) async throws {
    try await withDoormanDump { generated, _ in
      let gateway = try FakeGateway(
        readiness: { .json(#"{"status":"starting"}"#, status: 503) },
        logIn: { _ in .json(#"{"error_code":"GTW503"}"#, status: 503) }, dump: { _, _ in .status(503) })
      if kind == "absent" { gateway.server.stop() }
      let (code, receipt, _) = try drained(gateway, generated, waitsFor: "service.state")
      #expect(code == 0)
      #expect(receipt["outcome"] == "never_ready")
      #expect(receipt["service"]?.object?["was_ready"] == false)
    }
  }

  @Test("of a service that stops by itself, and was not seen ready, does not call it one that took no changes")
  func stoppingService() async throws {
    try await withDoormanDump { generated, _ in
      let gateway = try FakeGateway(
        readiness: { .json(#"{"status":"draining"}"#, status: 503) },
        logIn: { _ in .json(#"{"error_code":"GTW503"}"#, status: 503) }, dump: { _, _ in .status(503) })
      let (code, receipt, _) = try drained(gateway, generated, ["DRAIN_DEADLINE": "4"], waitsFor: "service.state")
      #expect(code == 75)
      #expect(receipt["outcome"] == "timed_out")
    }
  }

  @Test("is ended at once by a second signal, and the receipt says so")
  func secondSignal() async throws {
    try await withDoormanDump { generated, _ in
      let gateway = try FakeGateway { _, _ in .hang }
      let sidecar = try SidecarProcess.start(dumps: generated, port: gateway.server.port)
      try sidecar.waitForLog("logged in")
      sidecar.signal(SIGTERM)
      #expect(eventually { gateway.server.count(of: "/platform/memory/dump") == 1 ? true : nil } == true)
      // Sooner it would count as the same stop.
      _ = poll(nil, 0, 300)
      #expect(try sidecar.stop() == 1)
      #expect(try SidecarProcess.receipt(in: generated)["outcome"] == "interrupted")
    }
  }

  @Test("without copies in S3 says nothing of them")
  func noCopies() async throws {
    try await withDoormanDump { generated, dump in
      let gateway = try FakeGateway { _, _ in FakeGateway.wrote(dump.path()) }
      let (_, receipt, log) = try drained(gateway, generated)
      #expect(receipt["offsite"] == .null)
      #expect(!log.contains("S3"))
    }
  }
}
