import Clocks
import DumpDirectory
import DumpFormat
import DumpReports
import Foundation
import HTTPClient
import JSON
import Settings
import TestSupport
import Testing

@testable import Sidecar

@Suite("What the sidecar can't read")
struct UnreadableTests {
  @Test("of the receipts is counted, and not left out")
  func receipts() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      for (number, text) in [#"{"outcome":"drained"}"#, "torn", #"{"outcome":"of a later version"}"#, "{}"].enumerated()
      {
        try Data(text.utf8).write(to: root.appending(path: "drain-2026010\(number + 1)T000000Z.json"))
      }
      let directory = DumpDirectory(try DumpLocation(path: "d.bin", workingDirectory: root.path()))
      #expect(try ReceiptShelf(directory: directory).outcomes() == ["drained": 1, "unreadable": 3])
    }
  }

  @Test("of a receipt shows as a question mark, and not as a number")
  func receiptLine() {
    let line = DrainReceipt.line(["dump": [:] as JSONValue])
    #expect(line == "unknown in ? s of ? s, newest dump ? verified (? documents, ? bytes): it does not say why")
  }

  @Test("of a dump's time does not make it a dump of 1970: its name tells")
  func time() {
    let entry = DumpEntry(
      name: "d-20261123T201137Z.bin", path: "/d", bytes: 1,
      header: DumpHeader(createdAt: "tomorrow"))
    let good = Verification.Good(
      header: DumpHeader(createdAt: "tomorrow"), documents: 1, sha256: "", collections: [])
    let dump = KnownDump(entry: entry, identity: nil, verification: .good(good))
    #expect(dump.createdSeconds == 1_795_464_697)
    #expect(dump.createdAt == "2026-11-23T20:11:37Z")
  }

  @Test("of the end of credentials makes them good for one call")
  func credentials() throws {
    let server = try LoopbackServer { _ in
      .json(#"{"AccessKeyId":"a","SecretAccessKey":"b","Token":"t","Expiration":"in a while"}"#)
    }
    let provider = AWSCredentialProvider(
      .endpoint(url: server.url, token: nil), http: try HTTPClient(.init(userAgent: "test")))
    for _ in 0..<2 { _ = try provider.credentials(Deadline(in: .seconds(20))) }
    #expect(server.requests.count == 2)
  }

  @Test("of the notes makes them none, and no dump with 0 documents")
  func notes() {
    let note =
      #"{"bytes":1,"modified_at_ns":2,"inode":"3","keys":[],"documents":1,"sha256":"","created_at":"t","format":"DMP1","collections":{"users":COUNT}}"#
    for (count, isTaken) in [("1", true), ("null", false), (#""1""#, false)] {
      let text = #"{"version":1,"dumps":{"a.bin":\#(note.replacingOccurrences(of: "COUNT", with: count))}}"#
      #expect((SidecarNotes(Array(text.utf8)) != nil) == isTaken, "\(count)")
    }
  }
}
