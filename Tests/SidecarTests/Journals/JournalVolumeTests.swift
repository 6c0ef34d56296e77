import DumpDirectory
import DumpFormat
import DumpReports
import Foundation
import Retention
import TestSupport
import Testing

@testable import Sidecar

@Suite("Journals on the volume")
struct JournalVolumeTests {
  /// Dumps 1 to 3 with the journals 0 to 3. No change came between the dumps 2 and 3.
  private static func write(_ fixture: JournalFixture) throws {
    var place = try fixture.journal(0, .empty, at: 0)
    try fixture.dump(1, at: 100)
    place = try fixture.journal(1, place, at: 110)
    try fixture.dump(2, at: 200)
    try fixture.dump(3, at: 300)
    try fixture.journal(3, place, at: 310, closes: false)
  }

  @Test("are verified once, except the one that still grows")
  func verification() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let fixture = try JournalFixture(in: root)
      try Self.write(fixture)
      let (dumps, journals) = try fixture.verified()
      #expect(journals.map(\.name) == ["d.journal-1-0", "d.journal-1-1", "d.journal-1-3"])
      #expect(journals.map(\.isEnded) == [true, true, false])
      #expect(journals.map { $0.verification?.good?.commits } == [2, 2, nil])
      #expect(journals[0].verification?.good?.isClosed == true)
      #expect(try fixture.volume.gap(in: journals, behind: dumps) == nil)
      // Another process finds the results.
      let other = try JournalFixture(in: root, cache: .guest).volume
      let known = try other.journals(beside: other.dumps())
      #expect(known.map(\.verification) == journals.map(\.verification))
      #expect(known.allSatisfy { !$0.isVerificationDue })
      other.forgetAll(except: ["d.journal-1-1"])
      #expect(try other.journals(beside: other.dumps()).map(\.isVerificationDue) == [true, false, false])
    }
  }

  @Test("are reported when they are damaged, renamed, cut off before another goes on, or of another key")
  func damage() async throws {
    func fault(_ change: (JournalFixture, inout Data) throws -> Void) async throws -> String? {
      try await withTemporaryDirectory { (root: URL) async throws in
        let fixture = try JournalFixture(in: root)
        try Self.write(fixture)
        let file = URL(filePath: fixture.path(1))
        var bytes = try Data(contentsOf: file)
        try change(fixture, &bytes)
        try bytes.write(to: file)
        let (_, journals) = try fixture.verified()
        return journals[1].verification?.fault
      }
    }
    #expect(try await fault { _, _ in } == nil)
    let flipped = try await fault { _, bytes in bytes[bytes.count - 60] ^= 1 }
    #expect(flipped != nil)
    let renamed = try await fault { fixture, bytes in
      bytes = try Data(contentsOf: URL(filePath: fixture.path(0)))
    }
    #expect(renamed == "its name is not that of its content, journal 1-0")
    let cut = try await fault { _, bytes in bytes.removeLast(100) }
    #expect(cut == "the journal after it goes on behind 2 changes that it does not have")
    let empty = try await fault { _, bytes in bytes.removeAll() }
    #expect(empty == "it has no changes, and the journal after it goes on behind some")
  }

  @Test("are missed when one is gone behind the newest good dump")
  func gap() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let fixture = try JournalFixture(in: root)
      var place = try fixture.journal(0, .empty, at: 0)
      try fixture.dump(1, at: 100)
      place = try fixture.journal(1, place, at: 110)
      try fixture.journal(0, epoch: 2, place, at: 120, closes: false)
      var (dumps, journals) = try fixture.verified()
      #expect(try fixture.volume.gap(in: journals, behind: dumps) == nil)
      try FileManager.default.removeItem(atPath: fixture.path(1))
      (dumps, journals) = try fixture.verified()
      #expect(
        try fixture.volume.gap(in: journals, behind: dumps)
          == "the changes in journal 2-0 can't be restored, because journal 1-1 is missing")
    }
  }

  @Test("go to the trash when a newer verified dump has their changes and no restore to a moment needs them")
  func pruning() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let fixture = try JournalFixture(in: root)
      try Self.write(fixture)
      let clock = ClockReading.trusted(now: JournalFixture.begun + 1000)
      var (dumps, journals) = try fixture.verified()
      // The moments since 180 need the dump at 100 and the journals behind it. A rule keeps the newest dump anyway.
      var report = fixture.pruner(.init(last: 1, journal: 820)).prune(dumps, journals, clock: clock)
      #expect(report.trashed == [dumps[1].name, "d.journal-1-0"])
      #expect(report.trashedJournals == 1)
      (dumps, journals) = try fixture.verified()
      #expect(dumps.map { $0.entry.order?.sequence } == [3, 1])
      #expect(try fixture.volume.gap(in: journals, behind: [dumps[1]]) == nil)
      // Those since 315 need the dump at 300.
      report = fixture.pruner(.init(last: 1, journal: 685)).prune(dumps, journals, clock: clock)
      #expect(report.trashed == [dumps[1].name, "d.journal-1-1"])
      (dumps, journals) = try fixture.verified()
      #expect(journals.map(\.name) == ["d.journal-1-3"])
      #expect(try fixture.volume.gap(in: journals, behind: dumps) == nil)
      // A dump that is gone justifies nothing.
      try FileManager.default.removeItem(atPath: dumps[0].entry.path)
      report = fixture.pruner(.init(last: 1, journal: 0)).prune(dumps, journals, clock: clock)
      #expect(report.trashed.isEmpty)
      #expect(try fixture.directory.trash().count == 4)
      for file in try fixture.directory.trash() { try fixture.directory.removeFromTrash(file.name) }
      #expect(try fixture.directory.trash().isEmpty)
    }
  }

  @Test("keep the dump without which they are of no use")
  func sole() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let fixture = try JournalFixture(in: root)
      try fixture.journal(0, .empty, at: 0)
      try fixture.dump(1, at: 100)
      try fixture.dump(2, at: 110)
      let (before, _) = try fixture.verified()
      let identity = try fixture.directory.identity(of: before[1].entry.path, fixture.volume.keyring)
      try fixture.journal(0, epoch: 2, .dump(identity: identity), at: 120, closes: false)
      let (dumps, journals) = try fixture.verified()
      let judged = fixture.volume.judged(dumps, with: journals)
      #expect(judged.map(\.continuation?.isSole) == [nil, true])
      #expect(judged[1].continuation?.journal == HistoryNumber(epoch: 2, sequence: 0))
      #expect(judged.map(\.number?.sequence) == [2, 1])
    }
  }
}
