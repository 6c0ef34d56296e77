import Clocks
import DumpDirectory
import DumpFormat
import DumpReports
import Foundation
import TestSupport
import Testing

@testable import Sidecar

@Suite("The order in which journals are copied")
struct JournalOrderTests {
  /// A volume with all of it copied, and then a restore by request: dump 2 has the state, and journals go on from it.
  private static func restored(_ copies: CopyFixture, below root: URL) throws -> JournalFixture {
    let volume = try JournalFixture(volume: "v", below: root)
    let place = try volume.journal(0, .empty, at: 0)
    try volume.dump(1, at: 100)
    try volume.journal(1, place, at: 110)
    try copies.copyAll(volume)
    try volume.dump(2, at: 200)
    let own = try volume.journal(2, .ownDump, at: 210)
    try volume.journal(3, own, at: 220, closes: false)
    return volume
  }

  /// The copies that a fetch brings to a new volume: the order of the dump, and the commits of each journal.
  private static func fetched(
    _ copies: CopyFixture, to name: String, below root: URL
  ) throws -> (order: DumpOrder?, journals: [Int]) {
    let volume = try JournalFixture(volume: name, below: root)
    let found = try OffsiteFetch(store: copies.store(), volume: volume.volume).newest()
    return (found.dump?.good.order, found.journals.map(\.good.commits))
  }

  @Test("lets journals behind a restore by request wait for the dump of it, so a fetch has the state before until then")
  func restore() async throws {
    try await withCopies { copies, root in
      let volume = try Self.restored(copies, below: root)
      let copier = try copies.copier(volume)
      for _ in 0..<2 { #expect(try !copier.run(until: .never)) }
      #expect(!copies.bucket.names.contains { $0.contains(".journal-1-2") || $0.contains(".journal-1-3") })
      let before = try Self.fetched(copies, to: "before", below: root)
      #expect(before.order == DumpOrder(epoch: 1, sequence: 1) && before.journals == [2])
      try copies.copyDump(volume)
      #expect(try copier.run(until: .never))
      let after = try Self.fetched(copies, to: "after", below: root)
      #expect(after.order == DumpOrder(epoch: 1, sequence: 2) && after.journals == [2, 2])
    }
  }

  @Test("lets a journal wait for the dump that it names, as after a start from that one alone")
  func named() async throws {
    try await withCopies { copies, root in
      let volume = try JournalFixture(volume: "v", below: root)
      try volume.dump(1, at: 0)
      let path = try #require(try volume.volume.dumps().first?.entry.path)
      let identity = try volume.directory.identity(of: path, volume.volume.keyring)
      try volume.journal(0, epoch: 2, .dump(identity: identity), at: 100, closes: false)
      let copier = try copies.copier(volume)
      #expect(try !copier.run(until: .never))
      #expect(copies.bucket.names == [])
      try copies.copyDump(volume)
      #expect(try copier.run(until: .never))
      let fetched = try Self.fetched(copies, to: "rescued", below: root)
      #expect(fetched.order == DumpOrder(epoch: 1, sequence: 1) && fetched.journals == [2])
    }
  }

  @Test("lets no journal wait for a dump that does not verify, as nothing else has its changes")
  func damagedDump() async throws {
    try await withCopies { copies, root in
      let volume = try Self.restored(copies, below: root)
      let file = URL(filePath: try #require(try volume.volume.dumps().first?.entry.path))
      var bytes = [UInt8](try Data(contentsOf: file))
      bytes[bytes.count - 1] ^= 1
      try Data(bytes).write(to: file)
      #expect(try volume.verified().dumps.first?.verification?.fault != nil)
      #expect(try copies.copier(volume).run(until: .never))
      #expect(copies.bucket.names.contains("d.journal-1-2"))
      #expect(copies.bucket.names.contains { $0.hasPrefix("d.journal-1-3.part-") })
    }
  }

  @Test("lets no journal wait for a dump that can't be read to its end, and lets it wait when the dump was read")
  func unreadDump() async throws {
    try await withCopies { copies, root in
      let volume = try Self.restored(copies, below: root)
      let name = try #require(try volume.volume.dumps().first?.name)
      volume.volume.unreadDumps.note(name, isRead: false)
      volume.volume.unreadDumps.note(name, isRead: true)
      let copier = try copies.copier(volume)
      #expect(try !copier.run(until: .never))
      volume.volume.unreadDumps.note(name, isRead: false)
      #expect(try copier.run(until: .never))
      #expect(copies.bucket.names.contains("d.journal-1-2"))
    }
  }

  @Test("begins with the journals that go on from a dump without an order, and leaves those before it to the end")
  func withoutOrder() async throws {
    try await withCopies { copies, root in
      let volume = try JournalFixture(volume: "v", below: root)
      try volume.journal(0, .empty, at: 0)
      try volume.dump(nil, at: 100)
      let path = try #require(try volume.volume.dumps().first?.entry.path)
      let identity = try volume.directory.identity(of: path, volume.volume.keyring)
      let place = try volume.journal(1, .dump(identity: identity), at: 110)
      try volume.journal(2, place, at: 120, closes: false)
      try copies.copyDump(volume)
      #expect(try !copies.copier(volume).run(until: Deadline(in: .zero)))
      let journals = copies.bucket.puts.filter { $0.contains(".journal-") }
      #expect(journals == ["d.journal-1-1", JournalCopy.partName(of: "d.journal-1-2", at: 0)])
      #expect(try copies.copier(volume).run(until: .never))
      #expect(copies.bucket.names.contains("d.journal-1-0"))
    }
  }

  @Test("begins with the oldest that S3 lacks, so a fetch brings all that is there, wherever the copying ends")
  func oldestFirst() async throws {
    try await withCopies { copies, root in
      let volume = try JournalFixture(volume: "v", below: root)
      var place = try volume.journal(0, .empty, at: 0)
      for sequence in 1...2 { place = try volume.journal(sequence, place, at: 100 * sequence) }
      try volume.journal(3, place, at: 300, closes: false)
      let bucket = copies.bucket
      for count in 1...4 {
        // Another task becomes the writer after one more copy.
        let copier = JournalCopier(
          try copies.store(), volume: volume.volume, mayCopy: { bucket.names.count < count }, logger: CopyFixture.logger
        )
        _ = try copier.run(until: .never)
        let fetched = try Self.fetched(copies, to: "after-\(count)", below: root)
        #expect(fetched.order == nil && fetched.journals == Array(repeating: 2, count: count))
      }
    }
  }

  @Test("leaves journals that a copied dump covers behind the newest one")
  func covered() async throws {
    try await withCopies { copies, root in
      let volume = try JournalFixture(volume: "v", below: root)
      let place = try volume.journal(0, .empty, at: 0)
      try volume.dump(1, at: 100)
      try volume.journal(1, place, at: 110, closes: false)
      try copies.copyDump(volume)
      #expect(try !copies.copier(volume).run(until: Deadline(in: .zero)))
      let journals = copies.bucket.names.filter { $0.contains(".journal-") }
      #expect(journals == [JournalCopy.partName(of: "d.journal-1-1", at: 0)])
      #expect(try copies.copier(volume).run(until: .never))
      #expect(copies.bucket.names.contains("d.journal-1-0"))
    }
  }
}
