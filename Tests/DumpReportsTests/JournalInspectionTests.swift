import DumpDirectory
import DumpFormat
import Foundation
import JSON
import TestSupport
import Testing

@testable import DumpReports

@Suite("An inspection of a journal")
struct JournalInspectionTests {
  private func inspect(
    _ files: JournalDirectory, _ sequence: Int, _ selection: JournalSelection = JournalSelection(), json: Bool = false
  ) throws -> (text: String, fault: (any Error)?) {
    let entry = try #require(try files.directory.entry(JournalDirectory.number(sequence)))
    let inspection = JournalInspection(
      entry, in: try files.history(verifies: false), selection, guide: JournalDirectory.guide)
    var text = ""
    do {
      if json { try inspection.writeJSON { text += $0 } } else { try inspection.writeText { text += $0 + "\n" } }
      return (text, nil)
    } catch {
      return (text, error)
    }
  }

  private func numbers(_ text: String) -> [Int] {
    text.split(separator: "\n").compactMap {
      $0.firstMatch(of: /^1-[0-9]+\.([0-9]+)  2026-/).flatMap { Int($0.output.1) }
    }
  }

  @Test("names each document that a commit changed, also a removed one, and shows none of their values")
  func names() async throws {
    try await withTemporaryDirectory { (root: URL) throws in
      let files = try JournalDirectory(in: root)
      let dump = try files.dump(
        1,
        users: [
          ["_id": "1", "username": "grace"], ["_id": "2", "username": "old name"], ["_id": "6", "username": "ma\tria"],
        ])
      let first = try files.journal(
        1, .ownDump, [(nil, [JournalDirectory.added("3", "barbara")]), (nil, [JournalDirectory.changed("2", "lin")])])
      try files.journal(
        2, first,
        [
          ("admin", [JournalDirectory.added("4", "Jürgen \"J\" Groß"), JournalDirectory.changed("1", "grace")]),
          (nil, ["1", "2", "3", "4", "5", "6"].map(JournalDirectory.removed)),
        ], closes: false)
      let (text, fault) = try inspect(files, 2)
      #expect(fault == nil)
      #expect(
        text == """
          path        \(files.path(2))
          number      1-2
          created at  2026-11-23T20:11:37Z
          writer      test/1
          follows     d.journal-1-1 at commit 2
          1-2.1  2026-11-23T20:11:37.000000Z  by admin
            added  users  "Jürgen \\"J\\" Groß"
            changed  users  grace
          1-2.2  2026-11-23T20:11:38.000000Z  by the gateway itself
            removed  users  grace
            removed  users  lin
            removed  users  barbara
            removed  users  "Jürgen \\"J\\" Groß"
            removed  users  _id 5
            removed  users  "ma\\tria"
          2 of 2 commits; the journal is open: its writer may add to it, or ended without closing it

          """)
      let output = try inspect(files, 2, json: true).text
      #expect(!output.contains("hunter2") && !text.contains("hunter2"))
      let object = try JSONParser().parseObject(Array(output.utf8))
      #expect(object["shown"]?.array?.map { $0.object?["place"] } == ["1-2.1", "1-2.2"])
      let changes = object["shown"]?.array?.last?.object?["changes"]?.array
      #expect(changes?.first == ["collection": "users", "change": "removed", "name": ["grace"], "id": "1"])
      #expect(changes?.last == ["collection": "users", "change": "removed", "name": ["ma\tria"], "id": "6"])
      #expect(changes?.dropLast().last == ["collection": "users", "change": "removed", "name": .null, "id": "5"])
      #expect(object["commits"] == 2 && object["error"] == .null && object["closed"] == false)
      // Without the dump the names are not known, and the output says why.
      try files.cut(1, from: dump.path)
      let note = try inspect(files, 2).text
      #expect(
        note.contains("note: names of removed documents may be missing: ") && note.contains("removed  users  lin"))
      #expect(note.contains("removed  users  _id 6"))
    }
  }

  @Test("shows the commits between numbers or times, or the last ones")
  func selections() async throws {
    try await withTemporaryDirectory { (root: URL) throws in
      let files = try JournalDirectory(in: root)
      try files.journal(0, .empty, (1...9).map { (nil, [JournalDirectory.added("\($0)", "u\($0)")]) })
      let show = { (from: String?, to: String?, last: Int?) throws -> [Int] in
        let (lower, upper) = (from.map(JournalSelection.Bound.init), to.map(JournalSelection.Bound.init))
        return numbers(
          try inspect(files, 0, JournalSelection(from: lower ?? nil, to: upper ?? nil, last: last)).text)
      }
      #expect(try show(nil, nil, nil) == Array(1...9))
      #expect(try show("3", "5", nil) == [3, 4, 5])
      #expect(try show(nil, nil, 2) == [8, 9] && show(nil, nil, 1) == [9] && show(nil, nil, 20) == Array(1...9))
      #expect(try show(nil, "5", 2) == [4, 5])
      #expect(try show("2026-11-23T20:11:40Z", "2026-11-23T20:11:41.999Z", nil) == [4, 5])
      #expect(try show("2026-11-23T20:11:40.000001Z", "8", nil) == [5, 6, 7, 8])
      #expect(try show("2026-11-23T22:11:44+02:00", nil, nil) == [8, 9])
      #expect(try show("10", nil, nil) == [])
      for text in ["", "0", "-1", "x", "14:03", "2026-11-23", "2026-11-23T20:11:40", "2026-13-23T20:11:40Z"] {
        #expect(JournalSelection.Bound(text) == nil, "\(text)")
      }
    }
  }

  @Test("shows the commits before damage and then names the fault, in JSON, too")
  func damage() async throws {
    try await withTemporaryDirectory { (root: URL) throws in
      let files = try JournalDirectory(in: root)
      try files.journal(0, .empty, (1...3).map { (nil, [JournalDirectory.added("\($0)", "u\($0)")]) })
      try files.flip(try Data(contentsOf: URL(filePath: files.path(0))).count - 80, in: files.path(0))
      let (text, fault) = try inspect(files, 0)
      #expect((fault as? DumpFormatError)?.code == .damaged)
      #expect(numbers(text) == [1, 2] && text.hasSuffix("2 of 2 commits up to a fault\n"))
      let object = try JSONParser().parseObject(Array(inspect(files, 0, json: true).text.utf8))
      #expect(object["shown"]?.array?.count == 2 && object["error"]?.string?.contains("damaged") == true)
    }
  }

  @Test("reads a journal that was cut off in its beginning or is being written")
  func unfinished() async throws {
    try await withTemporaryDirectory { (root: URL) throws in
      let files = try JournalDirectory(in: root)
      try files.journal(0, .empty, [(nil, [JournalDirectory.added("1", "u")])], closes: false)
      try files.cut(5, from: files.path(0))
      let (text, fault) = try inspect(files, 0)
      #expect(fault == nil && text.contains("\n0 of 0 commits; ") && text.contains(" is under way or was cut off"))
      try files.cut(try Data(contentsOf: URL(filePath: files.path(0))).count - 40, from: files.path(0))
      #expect(try inspect(files, 0).text.contains("its beginning was cut off before it held a commit"))
      let object = try JSONParser().parseObject(Array(inspect(files, 0, json: true).text.utf8))
      #expect(object["shown"] == [] && object["created_at"] == .null && object["sequence"] == 0)
    }
  }

  @Test("shows names from clients on one line, without control characters")
  func hostile() async throws {
    try await withTemporaryDirectory { (root: URL) throws in
      let files = try JournalDirectory(in: root)
      let names = ["\u{1B}[2J", "a\nb\r\n", "\u{9B}31m", "\u{202E}gnp", "", "né", String(repeating: "ü", count: 5000)]
      let changes = names.enumerated().map { JournalDirectory.added("\($0.offset)", $0.element) }
      try files.journal(0, .empty, [("ev\u{7}il", changes)])
      for json in [false, true] {
        let text = try inspect(files, 0, json: json).text
        let controls = text.unicodeScalars.filter {
          $0 != "\n" && ($0.properties.generalCategory == .control || $0.properties.generalCategory == .format)
        }
        #expect(controls.isEmpty)
        if json {
          let object = try JSONParser().parseObject(Array(text.utf8))
          let shown = object["shown"]?.array?.first?.object?["changes"]?.array
          #expect(shown?.map { $0.object?["name"]?.array?.first?.string } == names)
        } else {
          #expect(text.contains("  added  users  \"\\u001b[2J\"\n") && text.contains("by \"ev\\u0007il\"\n"))
          #expect(text.contains("  added  users  \"\\u202egnp\"\n") && text.contains("  added  users  né\n"))
        }
      }
    }
  }
}
