import Foundation
import Glibc
import JSON
import TestSupport
import Testing

@Suite("A dump of another volume")
struct ForeignDumpTests {
  /// Runs a gateway several times, so that its dump has a higher epoch.
  ///
  /// - Returns: its newest dump.
  private func dumpOfLaterEpoch(in directory: URL) async throws -> URL {
    var newest: String?
    for number in 1...3 {
      let before = Set(names(in: directory))
      try await withGatehouse(dumps: directory) { (gatehouse: GatehouseProcess) async throws in
        #expect(try add("volume-two-\(number)", to: gatehouse) == 201)
        #expect(try gatehouse.stop() == 0)
      }
      // This is not the last by name: the name of a second dump in one second sorts before the first one's.
      newest = names(in: directory).first { $0.hasSuffix(".bin") && !before.contains($0) }
    }
    return directory.appending(path: try #require(newest))
  }

  private func add(_ group: String, to gatehouse: GatehouseProcess) throws -> Int {
    try gatehouse.send(
      "POST", "/platform/group", token: gatehouse.logIn(), json: ["group_name": .string(group)]
    ).status
  }

  private func has(_ group: String, in gatehouse: GatehouseProcess) throws -> Bool {
    try gatehouse.send("GET", "/platform/group/\(group)", token: gatehouse.logIn()).status == 200
  }

  @Test("is restored over HTTP, and no change after it is lost to its higher epoch")
  func restored() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let foreign = try await dumpOfLaterEpoch(in: root.appending(path: "elsewhere"))
      let generated = root.appending(path: "generated")
      let copy = generated.appending(path: "memory_dump-20200101T000000Z.bin")
      try await withGatehouse(dumps: generated) { (gatehouse: GatehouseProcess) async throws in
        #expect(gatehouse.logs("lease.epoch=1"))
        let standby = try GatehouseProcess(dumps: generated)
        try standby.waitUntilReady()
        try FileManager.default.copyItem(at: foreign, to: copy)
        let restore: JSONValue = ["path": .string(copy.path())]
        let answer = try gatehouse.send(
          "POST", "/platform/memory/restore", token: gatehouse.logIn(), json: restore)
        #expect(answer.status == 200)
        #expect(try has("volume-two-3", in: gatehouse))
        #expect(try add("acknowledged", to: gatehouse) == 201)
        let dump = try gatehouse.send("POST", "/platform/memory/dump", token: gatehouse.logIn())
        #expect(dump.status == 200)
        #expect(gatehouse.logs("going on in a higher epoch"))
        // The same task continues as the writer.
        #expect(try add("after-the-dump", to: gatehouse) == 201)
        #expect(try gatehouse.stop() == 0)
        #expect(!gatehouse.log.contains("lost the lease"))
        // Whether the standby had said hello by then decides it.
        #expect(
          gatehouse.log.contains("stopped; the last dump is safe")
            || gatehouse.log.contains("stopped without a last dump"))
        #expect(standby.logs("took over the lease"))
        #expect(try has("after-the-dump", in: standby))
        standby.signal(SIGKILL)
        _ = try standby.waitForExit()
      }
      try await withGatehouse(dumps: generated) { (gatehouse: GatehouseProcess) async throws in
        for group in ["volume-two-3", "acknowledged", "after-the-dump"] { #expect(try has(group, in: gatehouse)) }
      }
    }
  }

  @Test("that was only copied there is not preferred by the next start to dumps that were written later")
  func copiedIn() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let foreign = try await dumpOfLaterEpoch(in: root.appending(path: "elsewhere"))
      let generated = root.appending(path: "generated")
      try await withGatehouse(dumps: generated) { (gatehouse: GatehouseProcess) async throws in
        #expect(try add("acknowledged", to: gatehouse) == 201)
        try FileManager.default.copyItem(
          at: foreign, to: generated.appending(path: "memory_dump-20200101T000000Z.bin"))
        #expect(try gatehouse.stop() == 0)
      }
      try await withGatehouse(dumps: generated) { (gatehouse: GatehouseProcess) async throws in
        #expect(try has("acknowledged", in: gatehouse))
        #expect(try !has("volume-two-3", in: gatehouse))
      }
    }
  }
}
