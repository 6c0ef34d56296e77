import Foundation
import Glibc
import JSON
import TestSupport
import Testing

@Suite("The format of new dumps")
struct DumpFormatSettingTests {
  @Test("is DMP2 unless MEM_DUMP_FORMAT says DMP1, and a start goes on from a dump and a journal of either one")
  func formats() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      var groups: [String] = []
      let starts = [("", "DMP2"), ("dmp1", "DMP1"), ("dmp1", "DMP1"), ("dmp2", "DMP2")]
      // Each start but the first one has a dump of the other format, or of the same one, and a change behind it.
      for (number, (setting, magic)) in starts.enumerated() {
        try await withGatehouse(dumps: generated, ["MEM_DUMP_FORMAT": setting]) {
          (gatehouse: GatehouseProcess) async throws in
          let token = try gatehouse.logIn()
          for group in groups {
            #expect(try gatehouse.send("GET", "/platform/group/\(group)", token: token).status == 200, "\(group)")
          }
          let dump = try gatehouse.send("POST", "/platform/memory/dump", token: token)
          let path = try #require(dump.json.value(at: "response.path")?.string, "\(dump.text)")
          #expect(try Data(contentsOf: URL(filePath: path)).prefix(4) == Data(magic.utf8), "\(setting)")
          let name = "group-\(number)"
          try gatehouse.expect("POST", "/platform/group", token, ["group_name": .string(name)], 201)
          groups.append(name)
          gatehouse.signal(SIGKILL)
          _ = try gatehouse.waitForExit()
        }
      }
      try await withGatehouse(dumps: generated) { (gatehouse: GatehouseProcess) async throws in
        let token = try gatehouse.logIn()
        for group in groups {
          #expect(try gatehouse.send("GET", "/platform/group/\(group)", token: token).status == 200, "\(group)")
        }
      }
    }
  }
}
