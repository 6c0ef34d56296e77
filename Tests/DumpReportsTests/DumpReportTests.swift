import DumpFormat
import Foundation
import JSON
import TestSupport
import Testing

@testable import DumpDirectory
@testable import DumpReports

@Suite("Reports on dumps")
struct DumpReportTests {
  private static let name = "memory_dump-20261125T010000Z.bin"
  private static let good = Verification.good(
    GoodDump(
      header: DumpHeader(createdAt: "2026-11-25T01:00:00.5Z", order: DumpOrder(epoch: 3, sequence: 7)), documents: 25,
      sha256: "ab", collections: [.init(name: "users", documents: 25)]))

  private func entry(_ name: String = Self.name, access: DumpAccess = .open) -> DumpEntry {
    DumpEntry(
      name: name, path: "/d/\(name)", bytes: 1966,
      header: DumpHeader(createdAt: "", order: DumpOrder(epoch: 2, sequence: 1)),
      access: access)
  }

  private func list(
    _ reports: [DumpReport], _ leftAlone: LeftAlone? = nil, knowsVerification: Bool = true
  ) throws -> DumpList {
    DumpList(
      reports, leftAlone ?? LeftAlone(impostors: [], others: []),
      in: try DumpLocation(path: "/d/memory_dump.bin", workingDirectory: "/"), knowsVerification: knowsVerification)
  }

  private static let fields: Set = [
    "name", "path", "created_at", "bytes", "format", "epoch", "sequence", "predecessor", "documents", "verified",
    "error", "keep", "reasons",
  ]

  @Test("list each dump with the same fields, whatever is known of it")
  func listedFields() throws {
    let reports = [
      DumpReport(unverified: entry()), DumpReport(entry(), verification: Self.good),
      DumpReport(entry(), verification: .damaged("it is short"), decision: .init(isKept: false, reasons: ["old"])),
      DumpReport(unverified: entry(access: .unreadable("no permission"))),
    ]
    let json = try list(reports).json
    #expect(Set(json.keys) == ["directory", "dumps", "passed_over", "left_alone", "journals"])
    let array = try #require(json["dumps"]?.array)
    let dumps = array.compactMap(\.object)
    #expect(dumps.count == 4 && dumps.allSatisfy { Set($0.keys) == Self.fields })
    #expect(dumps.map { $0["verified"] } == [.null, true, false, .null])
    #expect(dumps.map { $0["error"] } == [.null, .null, "it is short", "no permission"])
    #expect(dumps.map { $0["keep"] } == [.null, .null, false, .null])
    #expect(dumps[2]["reasons"] == ["old"])
    #expect(dumps.map { $0["documents"] } == [.null, 25, .null, .null])
    // Authenticated facts count before those that only the file's beginning tells.
    #expect(dumps.map { $0["epoch"] } == [2, 3, 2, 2])
  }

  @Test("list dumps in columns, and then what is passed over and left alone")
  func listedText() throws {
    let leftAlone = LeftAlone(impostors: [.init(name: "link.bin", kind: "a symbolic link")], others: ["copy.bin"])
    let text = try list(
      [
        DumpReport(unverified: entry()),
        DumpReport(
          entry("memory_dump-20261125T010000Z-0002.bin"), createdAt: "2026-11-25T01:00:00.5Z", verification: Self.good,
          decision: .init(isKept: true, reasons: ["last 1 of 5", "newest good dump"])),
        DumpReport(entry(), verification: .unopened("no key")), DumpReport(entry(), trouble: "no permission"),
      ], leftAlone
    ).text
    #expect(
      text == """
        4 dumps in /d, newest first
        memory_dump-20261125T010000Z.bin       2026-11-25T01:00:00Z  1966 bytes  unverified
        memory_dump-20261125T010000Z-0002.bin  2026-11-25T01:00:00.5Z  1966 bytes  verified    25 documents  keep: last 1 of 5, newest good dump
        memory_dump-20261125T010000Z.bin       2026-11-25T01:00:00Z  1966 bytes  NOT OPENED
              no key
        memory_dump-20261125T010000Z.bin       2026-11-25T01:00:00Z  1966 bytes  NOT READ
              no permission
        passed over  link.bin: it is a symbolic link
        left alone   copy.bin: it is no dump of 'memory_dump' by its name
        """)
    #expect(try list([]).text == "no dumps in /d")
    // Anybody who can write to the directory chooses such a name.
    let hostile = LeftAlone(impostors: [.init(name: "\u{1B}[2J.bin", kind: "a pipe")], others: ["\u{9B}2J\n.bin"])
    let lines = try list([], hostile).text.split(separator: "\n")
    #expect(
      lines[1].hasPrefix(#"passed over  \u{1b}[2J.bin: "#) && lines[2].hasPrefix(#"left alone   \u{9b}2J\u{a}.bin: "#))
    #expect(try list([DumpReport(unverified: entry())]).text.hasPrefix("1 dump in /d, newest first\n"))
  }

  @Test("list a dump as not verified here where the program remembers no verification")
  func listedWithoutVerification() throws {
    let unreadable = entry(access: .unreadable("no permission"))
    let reports = [DumpReport(unverified: entry()), DumpReport(unverified: unreadable)]
    let lines = try list(reports, knowsVerification: false).text.split(separator: "\n")
    #expect(lines[1].hasSuffix("  1966 bytes  not verified here"))
    #expect(lines[2].hasSuffix("  1966 bytes  NOT READ"))
  }

  @Test("verify with one line a dump and the worst outcome of all")
  func verified() throws {
    let (good, bad, unread) = (
      DumpReport(entry(), verification: Self.good), DumpReport(entry(), verification: .unopened("no key")),
      DumpReport(entry(), trouble: "no permission")
    )
    let outcome = { (reports: [DumpReport]) in VerificationList(reports, in: "/d").outcome }
    #expect(outcome([]) == .allGood && outcome([good, good]) == .allGood)
    #expect(outcome([good, unread]) == .unreadable)
    #expect(outcome([unread, bad, good]) == .bad && outcome([bad, unread]) == .bad)
    let list = VerificationList([good, bad, unread], in: "/d")
    #expect(
      list.text == """
        good  /d/\(Self.name)  25 documents of 2026-11-25T01:00:00.5Z
        BAD   /d/\(Self.name): no key
        ?     /d/\(Self.name): no permission
        """)
    let array = try #require(list.json["dumps"]?.array)
    let dumps = array.compactMap(\.object)
    #expect(dumps.map { $0["verified"] } == [true, false, .null])
    #expect(dumps[0]["sha256"] == "ab" && dumps[0]["error"] == nil && dumps[0]["collections"] == ["users": 25])
    #expect(dumps[1]["error"] == "no key" && dumps[2]["error"] == "no permission")
    #expect(VerificationList([], in: "/d").text == "no dumps in /d")
  }

  @Test("inspect only what is good")
  func inspected() throws {
    #expect(DumpInspection(DumpReport(unverified: entry())) == nil)
    #expect(DumpInspection(DumpReport(entry(), verification: .damaged("x"))) == nil)
    let inspection = try #require(DumpInspection(DumpReport(entry(), verification: Self.good)))
    #expect(inspection.text.hasSuffix("sha256      ab\ndocuments   25\n  users  25"))
    #expect(inspection.text.hasPrefix("path        /d/\(Self.name)\nformat      DMP1\n"))
    #expect(inspection.json["bytes"] == 1966 && inspection.json["epoch"] == 3)
  }

  @Test("name the dump before one, as its header does")
  func predecessor() throws {
    let identity = String(repeating: "0f", count: 32)
    let header = DumpHeader(format: .dmp2, createdAt: "2026-11-25T01:00:00Z", predecessor: identity)
    let entry = DumpEntry(name: Self.name, path: "/d/\(Self.name)", bytes: 1, header: header)
    let json = try list([DumpReport(unverified: entry), DumpReport(unverified: self.entry())]).json
    let array = try #require(json["dumps"]?.array)
    let dumps = array.compactMap(\.object)
    #expect(dumps.map { $0["predecessor"] } == [.string(identity), .null])
    let good = GoodDump(header: header, documents: 0, sha256: "ab", collections: [])
    let inspection = try #require(DumpInspection(DumpReport(entry, verification: .good(good))))
    #expect(inspection.json["predecessor"] == .string(identity))
    #expect(inspection.text.hasSuffix("sha256      ab\npredecessor \(identity)\ndocuments   0"))
  }

  @Test("come from the file itself, and tell a damaged file from one that can't be read")
  func files() async throws {
    try await withTemporaryDirectory { (root: URL) throws in
      let location = try DumpLocation(path: root.appending(path: "d/").path(), workingDirectory: "/")
      let directory = DumpDirectory(location)
      let keyring = DumpKeyring(sealing: DumpKey("a key of the tests"), older: [])
      let file = root.appending(path: "torn.bin")
      try Data("DMP1 torn".utf8).write(to: file)
      let torn = directory.verification(of: file.path(), keyring)
      guard case .damaged? = torn.found else { throw UnexpectedVerdict(found: torn.found) }
      #expect(torn.trouble == nil)
      let missing = directory.verification(of: root.appending(path: "none.bin").path(), keyring)
      #expect(missing.found == nil && missing.trouble != nil)
      // A bare name is one of the dump directory where that has it.
      #expect(directory.path(named: "torn.bin") == "torn.bin")
      try FileManager.default.createDirectory(at: root.appending(path: "d"), withIntermediateDirectories: true)
      try FileManager.default.copyItem(at: file, to: root.appending(path: "d/torn.bin"))
      #expect(directory.path(named: "torn.bin") == "\(location.directory)/torn.bin")
      #expect(directory.path(named: "./torn.bin") == "./torn.bin")
    }
  }

  private struct UnexpectedVerdict: Error {
    let found: Verification<GoodDump>?
  }
}
