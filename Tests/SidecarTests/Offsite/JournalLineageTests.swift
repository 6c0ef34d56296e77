import Clocks
import DumpDirectory
import DumpFormat
import Foundation
import TestSupport
import Testing

@testable import Sidecar

@Suite("Copies of a journal that S3 has already")
struct JournalLineageTests {
  private static let name = "d.journal-1-0"
  private static let firstPart = JournalCopy.partName(of: name, at: 0)

  /// A journal that was closed, and the size of it without the end.
  private static func journal(_ fixture: JournalFixture) throws -> (file: URL, bytes: [UInt8], open: Int) {
    try fixture.journal(0, .empty, at: 0, commits: 3)
    let file = URL(filePath: fixture.path(0))
    let bytes = [UInt8](try Data(contentsOf: file))
    return (file, bytes, bytes.count - ChunkHeader.overhead)
  }

  private static func write(_ bytes: some Sequence<UInt8>, to file: URL) throws { try Data(bytes).write(to: file) }

  @Test("are gone on with where they end, after a new start")
  func goesOn() async throws {
    try await withCopies { copies, root in
      let fixture = try JournalFixture(volume: "v", below: root)
      let (file, bytes, open) = try Self.journal(fixture)
      try Self.write(bytes.prefix(open), to: file)
      #expect(try copies.copier(fixture).run(until: .never))
      try Self.write(bytes, to: file)
      for _ in 0..<2 { #expect(try copies.copier(fixture).run(until: .never)) }
      let parts = [Self.firstPart, JournalCopy.partName(of: Self.name, at: open)]
      #expect(copies.bucket.names == parts)
      #expect(parts.flatMap { copies.bucket.objects[$0]?.body ?? [] } == bytes)
    }
  }

  @Test("stay as they are when they are of another journal with the same name", arguments: [false, true])
  func other(isEnded: Bool) async throws {
    try await withCopies { copies, root in
      let first = try JournalFixture(volume: "first", below: root)
      try first.journal(0, .empty, at: 0, commits: 1, closes: false)
      #expect(try copies.copier(first).run(until: .never))
      let before = try #require(copies.bucket.objects[Self.firstPart])
      let second = try JournalFixture(volume: "second", below: root)
      let place = try second.journal(0, .empty, at: 0, commits: 9, closes: false)
      if isEnded { try second.journal(1, place, at: 100, closes: false) }
      let copier = try copies.copier(second)
      #expect(try !copier.run(until: .never))
      #expect(copier.faults.failures == 1)
      #expect(copies.bucket.objects[Self.firstPart] == before)
      #expect(copies.bucket.names.filter { $0.hasPrefix(Self.name) } == [Self.firstPart])
    }
  }

  @Test("give way to the journal under another key, which nothing of them is put before")
  func otherKey() async throws {
    try await withCopies { copies, root in
      let fixture = try JournalFixture(volume: "v", below: root)
      let (file, bytes, open) = try Self.journal(fixture)
      for size in [open, bytes.count] {
        try Self.write(bytes.prefix(size), to: file)
        #expect(try copies.copier(fixture).run(until: .never))
      }
      #expect(copies.bucket.names.count == 2)
      let journal = try #require(
        try JournalRekeying(of: fixture.directory.source(of: file.path()), fixture.volume.keyring))
      var rekeyed: [UInt8] = []
      _ = try journal.write(under: DumpKey(JournalFixture.key), reaching: nil) { rekeyed += $0 }
      try Self.write(rekeyed, to: file)
      #expect(try copies.copier(fixture).run(until: .never))
      #expect(copies.bucket.names == [Self.firstPart])
      #expect(copies.bucket.objects[Self.firstPart]?.body == rekeyed)
      // It is the same history.
      let number = try JournalFixture.number(0)
      #expect(try copies.look(fixture) == .own(highest: number, isEmpty: false))
    }
  }

  @Test("stay when they have more than the volume, as after a crash of the host or the restore of a backup")
  func longer() async throws {
    try await withCopies { copies, root in
      let fixture = try JournalFixture(volume: "v", below: root)
      let (file, bytes, open) = try Self.journal(fixture)
      #expect(try copies.copier(fixture).run(until: .never))
      try Self.write(bytes.prefix(open), to: file)
      #expect(try copies.copier(fixture).run(until: .never))
      #expect(copies.bucket.names == [Self.firstPart])
      try fixture.journal(0, epoch: 2, .empty, at: 100, closes: false)
      let copier = try copies.copier(fixture)
      for _ in 0..<2 { #expect(try copier.run(until: .never)) }
      #expect(copies.bucket.names == [Self.firstPart, JournalCopy.partName(of: "d.journal-2-0", at: 0)])
      #expect(copies.bucket.objects[Self.firstPart]?.body == bytes)
    }
  }
}
