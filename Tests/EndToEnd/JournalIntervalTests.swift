import Foundation
import Glibc
import JSON
import TestSupport
import Testing

@Suite("A gateway that answers changes before they are on the volume")
struct JournalIntervalTests {
  @Test("writes them when MEM_JOURNAL_INTERVAL is over, and not before", arguments: [1, 3600])
  func bound(seconds: Int) async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      let journals = try JournalFiles(generated)
      let isShort = seconds == 1
      let settings = ["MEM_JOURNAL": "interval", "MEM_JOURNAL_INTERVAL": "\(seconds)"]
      try await withGatehouse(dumps: generated, settings) { (gatehouse: GatehouseProcess) async throws in
        let token = try gatehouse.logIn()
        // The pause begins with the first write.
        #expect(try eventually { try journals.commits().isEmpty ? nil : true } == true)
        if isShort {
          try await expectSomeInTime(of: .seconds(seconds)) { number in
            try gatehouse.expect("POST", "/platform/group", token, ["group_name": .string("in-turn-\(number)")], 201)
            return { try journals.have("in-turn-\(number)") }
          }
        }
        try gatehouse.expect("POST", "/platform/group", token, ["group_name": "in-the-pause"], 201)
        let isWritten = try await eventuallyTrue(within: .seconds(isShort ? 60 : 3)) {
          try journals.have("in-the-pause")
        }
        #expect(isWritten == isShort)
        gatehouse.signal(SIGKILL)
        _ = try gatehouse.waitForExit()
      }
      try await withGatehouse(dumps: generated) { (gatehouse: GatehouseProcess) async throws in
        let status = try gatehouse.send("GET", "/platform/group/in-the-pause", token: gatehouse.logIn()).status
        #expect((status == 200) == isShort, "\(status)")
      }
    }
  }
}
