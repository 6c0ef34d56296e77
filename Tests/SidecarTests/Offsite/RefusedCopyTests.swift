import Clocks
import DumpDirectory
import DumpFormat
import Foundation
import TestSupport
import Testing

@testable import Sidecar

@Suite("Copies that can't be read, or that are asked for once more than needed")
struct RefusedCopyTests {
  /// A volume with a dump, a journal that was closed and one that grows, with all of it copied.
  private static func copied(_ copies: CopyFixture, below root: URL) throws -> JournalFixture {
    let volume = try JournalFixture(volume: "v", below: root)
    let place = try volume.journal(0, .empty, at: 0)
    try volume.dump(1, at: 100)
    try volume.journal(1, place, at: 110, closes: false)
    try copies.copyAll(volume)
    return volume
  }

  @Test("come back without what S3 says when it refuses the first try, and an error has that")
  func fetch() async throws {
    try await withCopies { copies, root in
      let source = URL(filePath: try Self.copied(copies, below: root).directory.location.directory)
      copies.bucket.allow(.everySecond)
      let volume = try JournalFixture(volume: "rescued", below: root)
      let fetched = try OffsiteFetch(store: copies.store(), volume: volume.volume).newest()
      let paths = [fetched.dump?.path].compactMap(\.self) + fetched.journals.map(\.path)
      #expect(paths.count == 2)
      for file in paths.map({ URL(filePath: $0) }) {
        #expect(try Data(contentsOf: file) == Data(contentsOf: source.appending(path: file.lastPathComponent)))
      }
      copies.bucket.allow(.nothing)
      let other = try JournalFixture(volume: "other", below: root)
      let error = #expect(throws: OffsiteError.self) {
        _ = try OffsiteFetch(store: copies.store(), volume: other.volume).newest()
      }
      #expect(error?.code == .refused && error?.description.contains("InvalidObjectState not now") == true)
    }
  }

  @Test("are archived: they can't be compared, and keep the volume from nothing")
  func archived() async throws {
    try await withCopies { copies, root in
      let directory = URL(filePath: try Self.copied(copies, below: root).directory.location.directory)
      // With its notes it would not ask for them.
      try FileManager.default.removeItem(at: directory.appending(path: ".gatehouse-sidecar-d.json"))
      let volume = try JournalFixture(in: directory, cache: .reader)
      copies.bucket.allow(.nothing)
      let before = copies.bucket.objects
      #expect(try copies.look(volume) == .own(highest: JournalFixture.number(1), isEmpty: false))
      #expect(try copies.copier(volume).run(until: .never))
      #expect(copies.bucket.objects == before)
    }
  }

  @Test("have lost their first part: the journal is copied again")
  func firstPart() async throws {
    try await withCopies { copies, root in
      let volume = try JournalFixture(volume: "v", below: root)
      try volume.journal(0, .empty, at: 0, commits: 3)
      let file = URL(filePath: volume.path(0))
      let bytes = [UInt8](try Data(contentsOf: file))
      for size in [bytes.count - ChunkHeader.overhead, bytes.count] {
        try Data(bytes.prefix(size)).write(to: file)
        #expect(try copies.copier(volume).run(until: .never))
      }
      #expect(copies.bucket.names.count == 2)
      let first = JournalCopy.partName(of: "d.journal-1-0", at: 0)
      copies.bucket.remove(first)
      #expect(try copies.look(volume) == .own(highest: JournalFixture.number(0), isEmpty: false))
      #expect(try copies.copier(volume).run(until: .never))
      #expect(copies.bucket.objects[first]?.body == bytes)
    }
  }

  @Test("are not asked for by a drain whose gateway has given up the lease, unless something was wrong with them")
  func drain() async throws {
    try await withCopies { copies, root in
      let volume = try Self.copied(copies, below: root)
      let gate = CopyGate(copies.configuration(), metrics: SidecarMetrics(), logger: CopyFixture.logger)
      #expect(try gate.opens(copies.store(), volume.volume))
      gate.forget()
      try volume.dump(2, at: 200)
      var seen = copies.server.requests.count
      #expect(try copies.drain(volume, gate: gate).isThere)
      #expect(copies.server.requests.dropFirst(seen).map(\.method) == ["HEAD", "PUT", "HEAD"])
      gate.recheck()
      try volume.dump(3, at: 300)
      seen = copies.server.requests.count
      #expect(try copies.drain(volume, gate: gate).isThere)
      #expect(copies.server.requests.dropFirst(seen).first?.target.contains("list-type") == true)
    }
  }
}
