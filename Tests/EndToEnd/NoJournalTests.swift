import Foundation
import Glibc
import JSON
import TestSupport
import Testing

@Suite("A gateway without a journal")
struct NoJournalTests {
  private func has(_ group: String, _ gatehouse: GatehouseProcess, _ token: String) throws -> Bool {
    try gatehouse.send("GET", "/platform/group/\(group)", token: token).status == 200
  }

  @Test("writes none, and goes back to its newest dump after SIGKILL; with a journal it goes on from there")
  func off() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      let off = ["MEM_JOURNAL": "off"]
      try await withGatehouse(dumps: generated, off) { (gatehouse: GatehouseProcess) async throws in
        let token = try gatehouse.logIn()
        try gatehouse.expect("POST", "/platform/group", token, ["group_name": "dumped"], 201)
        #expect(try gatehouse.send("POST", "/platform/memory/dump", token: token).status == 200)
        try gatehouse.expect("POST", "/platform/group", token, ["group_name": "later"], 201)
        #expect(!names(in: generated).contains { $0.contains(".journal-") })
        gatehouse.signal(SIGKILL)
        _ = try gatehouse.waitForExit()
      }
      // The default.
      try await withGatehouse(dumps: generated) { (gatehouse: GatehouseProcess) async throws in
        let token = try gatehouse.logIn()
        #expect(try has("dumped", gatehouse, token) && !has("later", gatehouse, token))
        try gatehouse.expect("POST", "/platform/group", token, ["group_name": "kept"], 201)
        #expect(try JournalFiles(generated).have("kept"))
        gatehouse.signal(SIGKILL)
        _ = try gatehouse.waitForExit()
      }
      try await withGatehouse(dumps: generated) { (gatehouse: GatehouseProcess) async throws in
        let token = try gatehouse.logIn()
        #expect(try has("dumped", gatehouse, token) && has("kept", gatehouse, token))
      }
    }
  }
}
