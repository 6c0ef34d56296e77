import DumpDirectory
import DumpFormat
import Foundation
import JSON
import TestSupport
import Testing

@Suite("Text that only looks alike")
struct AlikeTextTests {
  @Test("stays distinct from a request to a dump and back: keys of one object with many members")
  func keys() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let keys = ["\u{E9}", "\u{1}195.169.", "e\u{301}", "\u{212A}", "K"]
      let many = JSONObject((0..<20).map { ("k\($0)", .integer($0)) } + keys.map { ($0, .string($0)) })
      let user: JSONObject = [
        "username": "alike", "email": "alike@example.com", "password": "Correct-Horse-Battery-9", "role": "admin",
        "groups": ["ALL"], "custom_attributes": ["many": .object(many)],
      ]
      let read = { (gatehouse: GatehouseProcess) throws -> JSONObject? in
        let answer = try gatehouse.send("GET", "/platform/user/alike", token: gatehouse.logIn())
        return try JSONParser().parseObject(answer.body)["custom_attributes"]?.object?["many"]?.object
      }
      try await withGatehouse(dumps: root) { (gatehouse: GatehouseProcess) async throws in
        let answer = try gatehouse.send("POST", "/platform/user", token: gatehouse.logIn(), json: .object(user))
        #expect(answer.status == 201)
        #expect(try read(gatehouse) == many)
        #expect(try gatehouse.stop() == 0)
      }
      try await withGatehouse(dumps: root) { (gatehouse: GatehouseProcess) async throws in
        #expect(try read(gatehouse) == many)
      }
    }
  }

  @Test("stays distinct in names of collections, in every program that reads the dump")
  func collections() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let location = try DumpLocation(path: root.path() + "/memory_dump.bin", workingDirectory: "/")
      var dump = try DumpDirectory(location).beginDump(to: location, at: Dumps.now) { file in
        try DumpWriter(
          header: DumpHeader(createdAt: "2026-11-23T20:11:37Z"),
          key: DumpKey(GatehouseProcess.encryptionKey), sink: file)
      }
      for (number, name) in ["caf\u{E9}", "cafe\u{301}"].enumerated() {
        try dump.beginGroup(name)
        for _ in 0...number {
          let document = #"{"_id": "\u00e9\ud83d\ude00", "caf\u00e9": "\"\n", "cafe\u0301": NaN}"#
          try Array(document.utf8).withUnsafeBytes { try dump.append($0) }
        }
      }
      let written = try dump.seal().publish()
      #expect(written.summary.counts.map(\.records) == [1, 2])
      #expect(try SidecarProcess.run(["verify"], dumps: root).code == 0)
      try await withGatehouse(dumps: root, SidecarProcess.account) { (gatehouse: GatehouseProcess) async throws in
        #expect(gatehouse.logs("count.cafe{301}=2 count.caf{e9}=1"))
        let answer = try gatehouse.send("POST", "/platform/memory/dump", token: gatehouse.logIn())
        #expect(answer.status == 200)
        let counts = try JSONParser().parseObject(answer.body)["response"]?.object?["collections"]?.object
        #expect(counts?["caf\u{E9}"] == 1)
        #expect(counts?["cafe\u{301}"] == 2)
        // The sidecar compares the response's counts with the file's.
        let drain = try SidecarProcess.run(["drain"], dumps: root, port: gatehouse.port)
        #expect(drain.code == 0, "\(drain.output)")
      }
    }
  }
}
