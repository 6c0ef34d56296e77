import Foundation
import Glibc
import JSON
import TestSupport
import Testing

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
        // The gateway may be killed now.
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
          try await untilUndisturbed { () async throws -> Bool in
            let sidecar = try SidecarProcess.start(dumps: generated, port: other.port)
            try sidecar.waitForLog("logged in")
            #expect(sidecar.logs("stands by"))
            #expect(try sidecar.stop() == 0)
            let receipt = try SidecarProcess.receipt(in: generated)
            #expect(receipt["outcome"] == "standby")
            #expect(receipt["dump"]?.object?["new"] == false)
            #expect(receipt["sentence"]?.string?.contains("another task holds the lease") == true)
            #expect(dumpNames(generated).count == 1)
            // No gateway is asked for a dump, unless this one takes two seconds to say that it is on standby.
            return steps(of: receipt) == ["readiness"]
          }
          #expect(try other.stop() == 0)
          #expect(try writer.stop() == 0)
        }
      }
    }
  }

  /// The steps that a drain took with the gateway.
  private func steps(of receipt: JSONObject) -> [String]? {
    receipt["attempts"]?.array?.compactMap { $0.object?["step"]?.string }
  }

  @Test("of a task that becomes the writer meanwhile asks for its dump after all")
  func takesOver() async throws {
    try await untilUndisturbed { () async throws -> Bool in
      var isAsked = false
      try await withDoormanDump { generated, dump in
        let looks = Counter()
        let gateway = try FakeGateway(
          readiness: {
            // It is asked once before, and once after the newest dump is verified.
            looks.next() == 1
              ? .json(#"{"status":"ready","writer":false,"reason":"another"}"#) : .json(#"{"status":"ready"}"#)
          }, dump: { _, _ in FakeGateway.wrote(dump.path()) })
        let code = try SidecarProcess.run(["drain"], dumps: generated, port: gateway.server.port).code
        let receipt = try SidecarProcess.receipt(in: generated)
        // An answer that takes two seconds is not waited for.
        isAsked = steps(of: receipt) == ["readiness", "dump"]
        guard isAsked else { return }
        #expect(code == 0)
        #expect(receipt["outcome"] == "drained")
        #expect(receipt["dump"]?.object?["new"] == true)
      }
      return isAsked
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

  @Test("of Doorman, which answers the path alone, and slowly")
  func doorman() async throws {
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

  @Test("refuses a dump that does not verify, or is not the one that the gateway wrote")
  func damaged() async throws {
    try await withDoormanDump { generated, dump in
      let said = try FakeGateway { _, _ in
        .json(#"{"response":{"path":"\#(dump.path())","sha256":"00","documents":21}}"#)
      }
      let other = try drained(said, generated)
      #expect(other.code == 65)
      #expect(other.receipt["sentence"]?.string?.contains("documents is 20, the gateway said 21") == true)
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

  @Test("is ended at once by a second signal, and the receipt says so")
  func secondSignal() async throws {
    try await untilUndisturbed { () async throws -> Bool in
      var isWritten = false
      try await withDoormanDump { generated, _ in
        let gateway = try FakeGateway { _, _ in .hang }
        let sidecar = try SidecarProcess.start(dumps: generated, port: gateway.server.port)
        try sidecar.waitForLog("logged in")
        sidecar.signal(SIGTERM)
        #expect(eventually { gateway.server.count(of: "/platform/memory/dump") == 1 ? true : nil } == true)
        // Sooner it would count as the same stop.
        _ = poll(nil, 0, 300)
        #expect(try sidecar.stop() == 1)
        #expect(sidecar.logs("drain.outcome=interrupted"))
        // The receipt has half a second, and is in the log when that was not enough.
        isWritten = !sidecar.log.contains("receipt.error")
        guard isWritten else { return }
        #expect(try SidecarProcess.receipt(in: generated)["outcome"] == "interrupted")
      }
      return isWritten
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
