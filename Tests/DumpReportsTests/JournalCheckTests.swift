import DumpDirectory
import DumpFormat
import Foundation
import JSON
import TestSupport
import Testing

@testable import DumpReports

@Suite("A check of journals")
struct JournalCheckTests {
  private static let some = [(actor: "ada" as String?, changes: [JournalDirectory.added("1", "ada")])]

  /// A dump, the journal behind it, another one that goes on from it, and a newer dump with a journal.
  private func fill(_ files: JournalDirectory) throws {
    try files.dump(1)
    try files.journal(2, files.journal(1, .ownDump, Self.some + Self.some), Self.some, closes: false)
  }

  private func states(_ check: JournalCheck) -> [JSONValue] {
    check.json["journals"]?.array?.map { $0.object?["state"] ?? .null } ?? []
  }

  private func chain(_ check: JournalCheck) -> JSONObject? { check.json["chain"]?.object }

  @Test("finds all good, and says from which dump a start goes through which of them")
  func good() async throws {
    try await withTemporaryDirectory { (root: URL) throws in
      let files = try JournalDirectory(in: root)
      try fill(files)
      let check = try files.check()
      #expect(check.outcome == .allGood)
      #expect(states(check) == ["closed", "open"])
      #expect(chain(check)?["whole"] == true && chain(check)?["journals"] == ["1-1", "1-2"])
      let dump = try #require(chain(check)?["dump"]?.string)
      #expect(
        check.text == """
          good  \(files.path(1))  2 commits  2026-11-23T20:11:37.000000Z to 2026-11-23T20:11:38.000000Z  closed
          good  \(files.path(2))  1 commit  2026-11-23T20:11:37.000000Z to 2026-11-23T20:11:37.000000Z  open
          chain  a start restores \(dump), then 1-1, 1-2
          """)
    }
  }

  @Test("takes bytes of an unfinished write for no fault, and says that nothing is to be done")
  func torn() async throws {
    try await withTemporaryDirectory { (root: URL) throws in
      let files = try JournalDirectory(in: root)
      try fill(files)
      try files.append([UInt8](repeating: 7, count: 9), to: files.path(2))
      let check = try files.check()
      #expect(check.outcome == .allGood && states(check) == ["closed", "torn"])
      #expect(check.text.contains("open, 9 bytes unfinished\n      nothing to do: "))
    }
  }

  @Test("tells damage from a wrong key, and a journal that a start needs from one that a newer dump covers")
  func faults() async throws {
    try await withTemporaryDirectory { (root: URL) throws in
      let files = try JournalDirectory(in: root)
      try fill(files)
      let size = try Data(contentsOf: URL(filePath: files.path(1))).count
      // In the second of two commits.
      try files.flip(size - 70, in: files.path(1))
      var check = try files.check()
      #expect(check.outcome == .bad && states(check) == ["damaged", "open"])
      #expect(check.text.contains("; the 1 commit before that is whole, the last of 2026-11-23T20:11:37.000000Z"))
      #expect(check.text.contains("\n      a start refuses. If the gateway runs, ask it for a dump"))
      #expect(chain(check)?["whole"] == true, "each file is there")
      // A dump above it makes it dispensable.
      try files.dump(3)
      check = try files.check()
      #expect(check.outcome == .bad && check.text.contains("\n      no start needs it, since newer dumps hold"))
      let other = try files.check(key: "another key of the tests, long enough as well")
      #expect(other.outcome == .bad && states(other) == ["unopened", "unopened"])
      #expect(other.text.contains("MEM_ENCRYPTION_KEYS_OLD") && !other.text.contains("damaged"))
      #expect(chain(other)?["whole"] == .null)
    }
  }

  @Test("finds a missing journal, and a dump of another program that no journal leads to")
  func gaps() async throws {
    try await withTemporaryDirectory { (root: URL) throws in
      let files = try JournalDirectory(in: root)
      try fill(files)
      try FileManager.default.removeItem(atPath: files.path(1))
      let check = try files.check()
      #expect(check.outcome == .bad && states(check) == ["open"])
      #expect(chain(check)?["whole"] == false)
      #expect(
        check.text.contains("GAP    the changes in journal 1-2 can't be restored, because journal 1-1 is missing"))
    }
    try await withTemporaryDirectory { (root: URL) throws in
      let files = try JournalDirectory(in: root)
      try fill(files)
      try files.dump(nil, format: .dmp1)
      let check = try files.check()
      #expect(check.outcome == .bad)
      #expect(check.text.contains("GAP    journal 1-2 has changes that no dump holds"))
    }
  }

  @Test("follows journals from an empty state, and says nothing of a directory without files")
  func first() async throws {
    try await withTemporaryDirectory { (root: URL) throws in
      let files = try JournalDirectory(in: root)
      #expect(try files.check().text == "no journals in \(files.directory.location.directory)")
      #expect(try files.check().outcome == .allGood)
      try files.journal(0, .empty, Self.some)
      #expect(try files.check().text.hasSuffix("\nchain  a start restores an empty state, then 1-0"))
    }
  }

  @Test("passes over a damaged dump as a start does, and stops at one that no key opens")
  func dumps() async throws {
    try await withTemporaryDirectory { (root: URL) throws in
      let files = try JournalDirectory(in: root)
      try fill(files)
      let newer = try files.dump(2, users: [["_id": "1"]])
      #expect(try files.check().json["chain"]?.object?["journals"] == ["1-2"])
      try files.cut(3, from: newer.path)
      #expect(try files.check().json["chain"]?.object?["journals"] == ["1-1", "1-2"])
      try files.dump(4, key: "another key of the tests, long enough as well")
      let check = try files.check()
      #expect(check.outcome == .bad && check.text.contains("?      the chain can't be followed: "))
    }
  }
}

@Suite("A list of journals")
struct JournalListTests {
  private static let some = [(actor: nil as String?, changes: [JournalDirectory.added("1", "ada")])]

  @Test("has the commits of each, and what it follows")
  func list() async throws {
    try await withTemporaryDirectory { (root: URL) throws in
      let files = try JournalDirectory(in: root)
      var list = { JournalList(try files.history(), in: files.directory.location) }
      #expect(try list().text == "no journals in \(files.directory.location.directory)")
      let first = try files.journal(0, .empty, Self.some)
      let dump = try files.dump(1)
      try files.journal(1, first, [], closes: false)
      try files.journal(3, .ownDump, Self.some)
      let sizes = try [0, 1, 3].map { try Data(contentsOf: URL(filePath: files.path($0))).count }
      let time = "2026-11-23T20:11:37.000000Z"
      let name = URL(filePath: dump.path).lastPathComponent
      #expect(
        try list().text == """
          3 journals in \(files.directory.location.directory), oldest first
          d.journal-1-0  \(sizes[0]) bytes  1 commit  \(time) to \(time)  closed  follows an empty state
          d.journal-1-1  \(sizes[1]) bytes  no commits  open  follows \(name)
          d.journal-1-3  \(sizes[2]) bytes  1 commit  \(time) to \(time)  closed  follows a dump that is not there
          """)
      try FileManager.default.removeItem(atPath: dump.path)
      #expect(
        try list().text.contains(
          "d.journal-1-1  \(sizes[1]) bytes  no commits  open  follows d.journal-1-0 at commit 1\n"))
      let journals = try list().json["journals"]?.array?.compactMap(\.object) ?? []
      #expect(journals.map { $0["follows"]?.object?["missing"] } == [false, false, true])
      #expect(journals.map { $0["commits"] } == [1, 0, 1] && journals[0]["keep"] == nil)
      #expect(journals[1]["follows"] == ["dump": .null, "journal": "d.journal-1-0", "commits": 1, "missing": false])
      try FileManager.default.removeItem(atPath: files.path(0))
      #expect(try list().text.contains("follows d.journal-1-0 at commit 1, which is not there"))
      list = {
        JournalList(try files.history(key: "another key of the tests, of more than 32"), in: files.directory.location)
      }
      #expect(try list().text.contains("bytes  NOT OPENED\n      none of the keys"))
    }
  }
}
