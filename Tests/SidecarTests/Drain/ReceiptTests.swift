import DumpDirectory
import Foundation
import JSON
import TestSupport
import Testing

@testable import Sidecar

@Suite("Receipts of drains")
struct ReceiptTests {
  @Test("are counted by outcome, those that can't be read too")
  func outcomes() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      for (number, text) in [#"{"outcome":"drained"}"#, "torn", #"{"outcome":"of a later version"}"#, "{}"].enumerated()
      {
        try Data(text.utf8).write(to: root.appending(path: "drain-2026010\(number + 1)T000000Z.json"))
      }
      let directory = DumpDirectory(try DumpLocation(path: "d.bin", workingDirectory: root.path()))
      #expect(try ReceiptFiles(directory: directory).outcomes() == [.known(.drained): 1, .unreadable: 3])
    }
  }

  @Test("show a field that is missing as a question mark")
  func line() {
    let line = DrainReceipt.line(["dump": [:] as JSONValue])
    #expect(line == "unknown in ? s of ? s, newest dump ? verified (? documents, ? bytes): it does not say why")
  }
}
