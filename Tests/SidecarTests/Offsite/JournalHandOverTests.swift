import Clocks
import DumpDirectory
import DumpFormat
import DumpReports
import Foundation
import TestSupport
import Testing

@testable import Sidecar

@Suite("The copies at a journal's change")
struct JournalHandOverTests {
  private static let first = "d.journal-1-0"

  /// A volume whose only journal was copied when its end was not written yet. It has its end now.
  private static func begun(
    _ copies: CopyFixture, below root: URL
  ) throws -> (volume: JournalFixture, copier: JournalCopier, place: JournalStart, copied: Int) {
    let volume = try JournalFixture(volume: "v", below: root)
    let place = try volume.journal(0, .empty, at: 0)
    let file = URL(filePath: volume.path(0))
    let whole = try Data(contentsOf: file)
    try whole.dropLast().write(to: file)
    let copier = try copies.copier(volume)
    #expect(try copier.run(until: .never))
    try whole.write(to: file)
    let copied = try #require(copies.bucket.objects[JournalCopy.partName(of: first, at: 0)]?.body.count)
    #expect(copied < whole.count)
    return (volume, copier, place, copied)
  }

  /// The commits of the journals that a fetch brings to a new volume.
  private static func fetched(_ copies: CopyFixture, to name: String, below root: URL) throws -> [Int] {
    let volume = try JournalFixture(volume: name, below: root)
    return try OffsiteFetch(store: copies.store(), volume: volume.volume).newest().journals.map(\.good.commits)
  }

  @Test("send what S3 lacks of the last task's journal, then the newest, and the whole object only behind it")
  func missingPart() async throws {
    try await withCopies { copies, root in
      let (volume, _, place, copied) = try Self.begun(copies, below: root)
      try volume.journal(0, epoch: 2, place, at: 100, closes: false)
      let parts = [
        JournalCopy.partName(of: Self.first, at: 0), JournalCopy.partName(of: Self.first, at: copied),
        JournalCopy.partName(of: "d.journal-2-0", at: 0),
      ]
      // The sidecar of the next task.
      let copier = try copies.copier(volume)
      for _ in 0..<2 { _ = try copier.run(until: Deadline(in: .zero)) }
      #expect(copies.bucket.puts == parts)
      #expect(try Self.fetched(copies, to: "fetched", below: root) == [2, 2])
      #expect(try copier.run(until: .never))
      #expect(copies.bucket.puts == parts + [Self.first])
      #expect(copies.bucket.names == [Self.first, parts[2]])
    }
  }

  @Test("go on with the missing part after a fault of S3")
  func faultOfS3() async throws {
    try await withCopies { copies, root in
      let (volume, copier, place, copied) = try Self.begun(copies, below: root)
      try volume.journal(1, place, at: 100, closes: false)
      copies.bucket.failPuts(true)
      for _ in 0..<2 { #expect(throws: OffsiteError.self) { try copier.run(until: Deadline(in: .zero)) } }
      copies.bucket.failPuts(false)
      _ = try copier.run(until: Deadline(in: .zero))
      #expect(
        copies.bucket.puts == [
          JournalCopy.partName(of: Self.first, at: 0), JournalCopy.partName(of: Self.first, at: copied),
          JournalCopy.partName(of: "d.journal-1-1", at: 0),
        ])
    }
  }

  @Test("let the newest journal go on from one that was copied to its end and is gone from the volume")
  func pruned() async throws {
    try await withCopies { copies, root in
      let (volume, copier, place, _) = try Self.begun(copies, below: root)
      #expect(try copier.run(until: .never))
      try volume.dump(1, at: 100)
      try volume.journal(1, place, at: 110, closes: false)
      try FileManager.default.removeItem(atPath: volume.path(0))
      for _ in 0..<2 { #expect(try copier.run(until: .never)) }
      #expect(copies.bucket.names.contains(JournalCopy.partName(of: "d.journal-1-1", at: 0)))
    }
  }

  @Test("leave a journal in parts that is too large for one round, and the newest does not wait for them")
  func large() async throws {
    try await withCopies { copies, root in
      let volume = try JournalFixture(volume: "v", below: root)
      let place = try volume.journal(0, .empty, at: 0, commits: 4000)
      try volume.dump(1, at: 100)
      try volume.journal(1, place, at: 110, closes: false)
      try copies.copyDump(volume)
      // By its pace, nothing fits a round.
      let copier = try copies.copier(volume, pace: CopyPace(bytesPerSecond: 0, most: 0))
      #expect(try !copier.run(until: .never))
      let journals = copies.bucket.puts.filter { $0.contains(".journal-") }
      #expect(journals == ["d.journal-1-1", Self.first].map { JournalCopy.partName(of: $0, at: 0) })
      var rounds = 1
      while try rounds < 100 && !copier.run(until: .never) { rounds += 1 }
      #expect((2..<100).contains(rounds))
      #expect(!copies.bucket.names.contains(Self.first))
      let found = try copies.store().journals(of: volume.directory.location, Deadline(in: .seconds(60)))
      let bytes = try Data(contentsOf: URL(filePath: volume.path(0))).count
      #expect(found.first?.partsEnd == bytes && found.first?.gap == nil)
      #expect(!volume.volume.isCopied(Self.first, to: try copies.store().place))
      // Nothing is sent again before a round has the time for all of it.
      let puts = copies.bucket.puts
      #expect(try copier.run(until: .never))
      #expect(copies.bucket.puts == puts)
      #expect(try copies.copier(volume).run(until: .never))
      #expect(copies.bucket.puts.dropFirst(puts.count) == [Self.first])
      #expect(copies.bucket.names.filter { $0.hasPrefix(Self.first) } == [Self.first])
    }
  }
}

@Suite("The pace of copies")
struct CopyPaceTests {
  @Test("is that of the last large copy, half of which is used")
  func large() {
    var pace = CopyPace(bytesPerSecond: 1000)
    #expect(pace.bytes(in: .seconds(5)) == 2500)
    pace.note(8 << 20, in: .seconds(4))
    #expect(pace.bytes(in: .seconds(2)) == 2 << 20)
    // A small one shows how long a request takes.
    pace.note(1 << 19, in: .seconds(4))
    #expect(pace.bytes(in: .seconds(2)) == 2 << 20)
    pace.note(1 << 19, in: .milliseconds(125))
    #expect(pace.bytes(in: .seconds(2)) == 4 << 20)
    pace.note(100, in: .zero)
    #expect(pace.bytes(in: .seconds(2)) == 4 << 20)
    // A line that was slow for a while is known to be faster again by a small one, too.
    for _ in 0..<6 { pace.slowDown() }
    #expect(pace.bytes(in: .seconds(2)) == 1 << 16)
    pace.note(1 << 17, in: .milliseconds(125))
    #expect(pace.bytes(in: .seconds(2)) == 1 << 20)
  }
}
