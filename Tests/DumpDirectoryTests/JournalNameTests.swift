import DumpFormat
import Testing

@testable import DumpDirectory

@Suite("Names of journals")
struct JournalNameTests {
  @Test(
    "are parsed and written",
    arguments: [
      ("memory_dump.journal-1-0", "memory_dump", 1, 0),
      ("a-b.journal-12-345", "a-b", 12, 345),
      ("my--app-.journal-1-2", "my--app-", 1, 2),
      ("-a.journal-1-2", "-a", 1, 2),
      ("a.journal-3-2.journal-4-1", "a.journal-3-2", 4, 1),
      ("e\u{301}*? [x].b.journal-9007199254740992-9007199254740992", "e\u{301}*? [x].b", 1 << 53, 1 << 53),
    ])
  func names(file: String, stem: String, epoch: Int, sequence: Int) throws {
    let number = try #require(JournalNumber(epoch: epoch, sequence: sequence))
    #expect(JournalName(file) == JournalName(stem: stem, number: number))
    #expect(JournalName(stem: stem, number: number).file == file)
  }

  @Test(
    "are distinguished from other names",
    arguments: [
      "", "x.journal", "x.journal-1", "x.journal-1-", "x.journal--1", "x.journal-0-1", "x.journal-01-1",
      "x.journal-1-01", "x.journal-1-00", "x.journal-1-1-1", "x.journal-1--1", "x.journal-+1-1", "x.journal-1-1.tmp",
      "x.journal-1-1.part-0000000000000000", ".journal-1-1", "xjournal-1-1", "x.Journal-1-1", "x.journal.bin-1-1",
      "x.journal-1-9007199254740993", "x.journal-1-99999999999999999999", "x.journal-٣-1", "x.journal-1-1\u{301}",
      "x-20261123T201137Z.bin",
    ])
  func others(file: String) {
    #expect(JournalName(file) == nil)
  }

  @Test("belong to the location with their stem, to the byte, and are no names of dumps")
  func location() {
    let location = DumpLocation(directory: "/d", stem: "\u{FC}")
    #expect(location.ownsJournal("\u{FC}.journal-1-0"))
    for other in ["u\u{308}.journal-1-0", "\u{DC}.journal-1-0", "\u{FC}-\u{FC}.journal-1-0", "x\u{FC}.journal-1-0"] {
      #expect(!location.ownsJournal(other), "\(other)")
    }
    #expect(!location.owns("\u{FC}.journal-1-0"))
    #expect(!location.ownsJournal("\u{FC}-20261123T201137Z.bin"))
  }
}
