import DumpDirectory
import DumpFormat
import DumpReports
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

  @Test("name the newest place in the journals, and whether the dump has it")
  func journal() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let fixture = try JournalFixture(in: root)
      #expect(try fixture.volume.safePlace() == nil)
      let place = try fixture.journal(0, .empty, at: 0, commits: 3)
      let before = try #require(try fixture.volume.safePlace())
      #expect(before.number == (try JournalFixture.number(0)) && before.contents.commits == 3 && !before.isInDump)
      try fixture.dump(1, at: 100)
      _ = try fixture.verified()
      #expect(try fixture.volume.safePlace()?.isInDump == true)
      try fixture.journal(1, place, at: 110, closes: false)
      let after = try #require(try fixture.volume.safePlace())
      #expect(!after.isInDump && !after.contents.isClosed)
      #expect(after.json.object?["sequence"] == 1 && after.json.object?["commits"] == 2)
      let line = DrainReceipt.line(["journal": after.json])
      #expect(line.contains("no verified dump, journal 1-1 up to commit 2"))
      // Its changes hang in the air without the one before.
      try fixture.journal(4, .journal(JournalPlace(journal: JournalFixture.number(3), commits: 1, tag: "")), at: 200)
      #expect(throws: DumpVolume.OutOfReach.self) { try fixture.volume.safePlace() }
    }
  }

  @Test("show a field that is missing as a question mark")
  func line() {
    let line = DrainReceipt.line(["dump": [:] as JSONValue])
    #expect(line == "unknown in ? s of ? s, newest dump ? verified (? documents, ? bytes): it does not say why")
  }
}
