import Foundation
import Glibc
import JSON
import Synchronization
import TestSupport
import Testing

@Suite("Copies in S3")
struct OffsiteTests {
  private static let bucket = "copies-of-dumps"

  private static func settings(_ moto: MotoServer, _ more: [String: String]) -> [String: String] {
    [
      "OFFSITE_S3_BUCKET": bucket, "OFFSITE_S3_ENDPOINT": moto.url, "AWS_REGION": "us-east-1",
    ].merging(more) { $1 }
  }

  @Test("are signed with credentials that expire, made of verified dumps, kept by the same rules, and come back")
  func signed() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      let moto = try MotoServer(in: root, checksAfter: 4)
      #expect(try moto.call("s3", "PUT", "/\(Self.bucket)").status == 200)
      let role = try moto.assumeRole()
      // The first ones are revoked already, and all of them expire before their next use.
      let asked = Mutex(0)
      let endpoint = try LoopbackServer { request in
        guard request.path == "/v2/credentials/task" else { return .status(404) }
        let number = asked.withLock { count in
          count += 1
          return count
        }
        return .json(
          #"{"AccessKeyId":"\#(role.accessKey)","SecretAccessKey":"\#(number == 1 ? "revoked" : role.secretKey)","Token":"\#(role.token)","Expiration":"2020-01-01T00:00:00Z"}"#
        )
      }
      // moto decodes a slash of the prefix before it checks the signature, so the copies stand at the root here.
      let settings = Self.settings(
        moto,
        [
          "AWS_CONTAINER_CREDENTIALS_FULL_URI": "\(endpoint.url)/v2/credentials/task", "OFFSITE_S3_PREFIX": "/",
          "KEEP_LAST": "2", "SIDECAR_METRICS_PORT": "0",
        ])
      let gateway = try FakeGateway { _, _ in .status(403) }
      let now = Dumps.now
      var written = [try Dumps.write(in: generated, at: now - 300)]
      let sidecar = try SidecarProcess.start(dumps: generated, port: gateway.server.port, settings)
      try sidecar.waitForLog("dump copied to S3")
      for age in [200, 100] {
        written.append(try Dumps.write(in: generated, at: now - age, documents: age))
        let name = written[written.count - 1]
        let isCopied = eventually {
          sidecar.log.split(separator: "\n").contains { $0.contains("dump copied to S3") && $0.contains(name) }
            ? true : nil
        }
        #expect(isCopied == true, "\(sidecar.log)")
      }
      try sidecar.waitForLog("copy in S3 pruned")
      #expect(sidecar.logs("offsite.key=\(written[0])"))
      #expect(asked.withLock { $0 } > 3)
      for secret in [role.secretKey, role.token] { #expect(!sidecar.log.contains(secret)) }
      _ = try sidecar.stop()
      // The volume is lost.
      try FileManager.default.removeItem(at: generated)
      let newest = try SidecarProcess.run(["fetch", "--json"], dumps: generated, settings)
      #expect(newest.code == 0, "\(newest.output)")
      #expect(try JSONParser().parseObject(Array(newest.output.utf8))["documents"] == 100)
      #expect(try SidecarProcess.run(["fetch", written[1]], dumps: generated, settings).code == 0)
      #expect(try SidecarProcess.run(["verify"], dumps: generated).code == 0)
      #expect(names(in: generated).filter { $0.hasSuffix(".bin") } == Array(written[1...]))
      let gone = try SidecarProcess.run(["fetch", written[0]], dumps: generated, settings)
      #expect(gone.code == 69)
      #expect(gone.output.contains("there is no copy"))
      // One that is there already is as good as a fetched one, and another file of that name is not written over.
      #expect(try SidecarProcess.run(["fetch"], dumps: generated, settings).code == 0)
      let place = generated.appending(path: try #require(written.last))
      try Data("another file".utf8).write(to: place)
      let taken = try SidecarProcess.run(["fetch"], dumps: generated, settings)
      #expect(taken.code == 74 && taken.output.contains("is there already"), "\(taken)")
      #expect(try Data(contentsOf: place) == Data("another file".utf8))
    }
  }

  @Test("of the journal follow it within seconds, so a lost volume loses nothing that was copied")
  func journals() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      let moto = try MotoServer(in: root)
      #expect(try moto.call("s3", "PUT", "/\(Self.bucket)").status == 200)
      let settings = Self.settings(
        moto,
        [
          "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "OFFSITE_INTERVAL": "1", "SIDECAR_METRICS_PORT": "0",
          "KEEP_JOURNAL": "1d",
        ])
      func copies() throws -> String { try moto.call("s3", "GET", "/\(Self.bucket)?list-type=2").text }
      try await withGatehouse(dumps: generated, SidecarProcess.account) { (gatehouse: GatehouseProcess) async throws in
        let token = try gatehouse.logIn()
        func make(_ group: String) throws {
          #expect(
            try gatehouse.send("POST", "/platform/group", token: token, json: ["group_name": .string(group)]).status
              == 201)
        }
        try make("one")
        let sidecar = try SidecarProcess.start(dumps: generated, port: gatehouse.port, settings)
        #expect(try eventually { try copies().contains(".journal-1-0.part-") ? true : nil } == true, "\(sidecar.log)")
        #expect(try gatehouse.send("POST", "/platform/memory/dump", token: token).status == 200)
        try make("two")
        // The first journal is one object now.
        try sidecar.waitForLog("journal copied to S3")
        try sidecar.waitForLog("dump copied to S3")
        #expect(try eventually { try copies().contains(".journal-1-1.part-") ? true : nil } == true, "\(sidecar.log)")
        #expect(try eventually { try copies().contains(".journal-1-0.part-") ? nil : true } == true)
        try make("three")
        #expect(try sidecar.hasCopiedJournals(of: .now), "\(sidecar.log)")
        // All of it is gone at once.
        sidecar.signal(SIGKILL)
        gatehouse.signal(SIGKILL)
        _ = try gatehouse.waitForExit()
        _ = try sidecar.waitForExit()
      }
      try FileManager.default.removeItem(at: generated)
      let fetched = try SidecarProcess.run(["fetch", "--json"], dumps: generated, settings)
      #expect(fetched.code == 0, "\(fetched.output)")
      let journals = try JSONParser().parseObject(Array(fetched.output.utf8))["journals"]?.array
      #expect(journals?.map { $0.object?["commits"] } == [2])
      // The dump comes last, so one that was interrupted lacks it, and goes on.
      for dump in names(in: generated) where dump.hasSuffix(".bin") {
        try FileManager.default.removeItem(at: generated.appending(path: dump))
      }
      #expect(try SidecarProcess.run(["fetch"], dumps: generated, settings).code == 0)
      try await withGatehouse(dumps: generated) { (gatehouse: GatehouseProcess) async throws in
        let token = try gatehouse.logIn()
        for group in ["one", "two", "three"] {
          #expect(try gatehouse.send("GET", "/platform/group/\(group)", token: token).status == 200, "\(group)")
        }
      }
    }
  }

  @Test("that were changed there, or are none of ours, are not taken back and not deleted")
  func changed() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      let moto = try MotoServer(in: root)
      #expect(try moto.call("s3", "PUT", "/\(Self.bucket)").status == 200)
      let settings = Self.settings(
        moto, ["AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "KEEP_LAST": "1"])
      let strange = "memory_dump-20200101T000000Z.bin"
      try moto.call("s3", "PUT", "/\(Self.bucket)/gatehouse/\(strange)", body: "DMP1 of someone")
      try moto.call("s3", "PUT", "/\(Self.bucket)/gatehouse/deeper/\(strange)", body: "DMP1 of someone")
      // Another deployment's behind the same prefix, which looks newer, and an operator's copy.
      let ours = ["x-amz-meta-gatehouse-created-at": "2030-01-01T00:00:00Z", "x-amz-meta-gatehouse-documents": "3"]
      let others = [
        "memory_dump-old-20200101T000000Z.bin", "memory-20300101T000000Z.bin", "memory_dump-20301301T000000Z.bin",
        "before-upgrade.bin",
      ]
      for other in others {
        try moto.call("s3", "PUT", "/\(Self.bucket)/gatehouse/\(other)", headers: ours, body: "DMP1 of someone")
      }
      let gateway = try FakeGateway { _, _ in .status(403) }
      let name = try Dumps.write(in: generated, at: Dumps.now - 100)
      let sidecar = try SidecarProcess.start(dumps: generated, port: gateway.server.port, settings)
      try sidecar.waitForLog("dump copied to S3")
      let newer = try Dumps.write(in: generated, at: Dumps.now)
      try sidecar.waitForLog("copy in S3 pruned")
      _ = try sidecar.stop()
      let listing = try moto.call("s3", "GET", "/\(Self.bucket)?list-type=2").text
      #expect(!listing.contains("gatehouse/\(name)"))
      #expect(listing.contains("gatehouse/\(newer)"))
      #expect(listing.contains("gatehouse/\(strange)") && listing.contains("gatehouse/deeper/\(strange)"))
      for other in others { #expect(listing.contains("gatehouse/\(other)"), "\(other)") }
      // Named, it is looked for.
      let named = try SidecarProcess.run(["fetch", others[0]], dumps: generated, settings)
      #expect(named.code != 0 && !named.output.contains("there is no copy"), "\(named)")
      try moto.call(
        "s3", "PUT", "/\(Self.bucket)/gatehouse/\(newer)", headers: ours,
        body: "DMP1 changed by someone who can write the bucket, and long enough to look like one")
      try FileManager.default.removeItem(at: generated)
      let fetched = try SidecarProcess.run(["fetch"], dumps: generated, settings)
      #expect(fetched.code != 0)
      #expect(names(in: generated) == [])
    }
  }

  @Test("that can't be made are tried again later and later, and hold nothing else up")
  func unreachable() async throws {
    try await withDoormanDump { generated, dump in
      let gateway = try FakeGateway { _, _ in FakeGateway.wrote(dump.path()) }
      let s3 = try LoopbackServer { _ in .status(503) }
      let settings = [
        "OFFSITE_S3_BUCKET": Self.bucket, "OFFSITE_S3_ENDPOINT": s3.url, "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
      ]
      let sidecar = try SidecarProcess.start(dumps: generated, port: gateway.server.port, settings)
      try sidecar.waitForLog("the copy to S3 failed")
      try sidecar.waitForLog("logged in")
      #expect(try sidecar.stop() == 0)
    }
  }

  @Test("hold the drain's own dump when it has ended, and the receipt says so")
  func drained() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      let moto = try MotoServer(in: root)
      #expect(try moto.call("s3", "PUT", "/\(Self.bucket)").status == 200)
      let settings = Self.settings(moto, ["AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"])
      try await withGatehouse(dumps: generated, SidecarProcess.account) { (gatehouse: GatehouseProcess) async throws in
        let sidecar = try SidecarProcess.start(dumps: generated, port: gatehouse.port, settings)
        try sidecar.waitForLog("logged in")
        #expect(
          try gatehouse.send("POST", "/platform/group", token: gatehouse.logIn(), json: ["group_name": "new"]).status
            == 201)
        #expect(try sidecar.stop() == 0)
        let receipt = try SidecarProcess.receipt(in: generated)
        let name = try #require(receipt["dump"]?.object?["name"]?.string)
        let offsite = try #require(receipt["offsite"]?.object)
        #expect(offsite["copied"] == true)
        #expect(offsite["bucket"] == .string(Self.bucket))
        #expect(offsite["dump"] == .string(name))
        #expect(offsite["took_ms"]?.number?.int != nil)
        #expect(
          try moto.call("s3", "GET", "/\(Self.bucket)?list-type=2").text.contains("gatehouse/\(name)"))
        #expect(try SidecarProcess.run(["receipt"], dumps: generated).output.contains("copied to S3"))
        // The gateway has ended in order; what it wrote last is newer, and gets its copy, too.
        #expect(try gatehouse.stop() == 0)
        #expect(try SidecarProcess.run(["drain"], dumps: generated, port: gatehouse.port, settings).code == 0)
        let last = try #require(
          names(in: generated).filter { $0.hasSuffix(".bin") }.max { $0.dropLast(4) < $1.dropLast(4) })
        #expect(last != name)
        let second = try SidecarProcess.receipt(in: generated)
        #expect(second["dump"]?.object?["new"] == false)
        #expect(second["offsite"]?.object?["copied"] == true)
        #expect(try moto.call("s3", "GET", "/\(Self.bucket)?list-type=2").text.contains("gatehouse/\(last)"))
      }
      // A fetch brings back what was acknowledged.
      try FileManager.default.removeItem(at: generated)
      #expect(try SidecarProcess.run(["fetch"], dumps: generated, settings).code == 0)
      try await withGatehouse(dumps: generated, SidecarProcess.account) { (gatehouse: GatehouseProcess) async throws in
        #expect(try gatehouse.send("GET", "/platform/group/new", token: gatehouse.logIn()).status == 200)
      }
    }
  }

  @Test(
    "that S3 does not take hold no drain longer than its deadline, and the receipt says no",
    arguments: ["hangs", "fails"])
  func drainWithoutS3(kind: String) async throws {
    try await withDoormanDump { generated, dump in
      let gateway = try FakeGateway { _, _ in FakeGateway.wrote(dump.path()) }
      // The copy of the watch is under way, and hangs, too.
      let s3 = try LoopbackServer { _ in kind == "hangs" ? .hang : .status(503) }
      let settings = [
        "OFFSITE_S3_BUCKET": Self.bucket, "OFFSITE_S3_ENDPOINT": s3.url, "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "DRAIN_DEADLINE": "10",
      ]
      let sidecar = try SidecarProcess.start(dumps: generated, port: gateway.server.port, settings)
      try sidecar.waitForLog("logged in")
      #expect(eventually { s3.requests.isEmpty ? nil : true } == true)
      #expect(try sidecar.stop() == 0)
      let receipt = try SidecarProcess.receipt(in: generated)
      #expect(receipt["outcome"] == "drained")
      // The standard deadline is much longer.
      #expect((receipt["took_ms"]?.number?.int ?? .max) <= 25000)
      let offsite = try #require(receipt["offsite"]?.object)
      #expect(offsite["copied"] == false)
      #expect(offsite["reason"]?.string?.isEmpty == false)
      #expect(sidecar.logs("the drain's dump is not in S3"))
      #expect(try SidecarProcess.run(["receipt"], dumps: generated).output.contains("NOT copied to S3"))
    }
  }

  @Test("that take a while are waited for as long as the deadline allows")
  func slowS3() async throws {
    try await withDoormanDump { generated, dump in
      let gateway = try FakeGateway { _, _ in FakeGateway.wrote(dump.path()) }
      let size = try #require(FileManager.default.attributesOfItem(atPath: dump.path())[.size] as? Int)
      let claim = ClaimObject()
      let s3 = try LoopbackServer { request in
        if let answer = claim.answer(request) { return answer }
        switch request.method {
        case "PUT": return .after(.seconds(3), .status(200))
        case "HEAD": return .raw("HTTP/1.1 200 X\r\ncontent-length: \(size)\r\nconnection: close\r\n\r\n")
        default: return .status(200, body: "<ListBucketResult></ListBucketResult>")
        }
      }
      let settings = [
        "OFFSITE_S3_BUCKET": Self.bucket, "OFFSITE_S3_ENDPOINT": s3.url, "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "DRAIN_DEADLINE": "20",
      ]
      let sidecar = try SidecarProcess.start(dumps: generated, port: gateway.server.port, settings)
      try sidecar.waitForLog("logged in")
      #expect(try sidecar.stop() == 0)
      let offsite = try #require(try SidecarProcess.receipt(in: generated)["offsite"]?.object)
      #expect(offsite["copied"] == true, "\(offsite)")
      #expect((offsite["took_ms"]?.number?.int ?? 0) >= 3000)
    }
  }
}
