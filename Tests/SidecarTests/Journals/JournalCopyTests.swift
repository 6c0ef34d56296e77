import DumpDirectory
import DumpFormat
import Foundation
import HTTPClient
import Retention
import TestSupport
import Testing

@testable import Sidecar

@Suite("Copies of journals")
struct JournalCopyTests {
  private static func object(_ name: String, _ bytes: Int, at: Int? = nil) -> S3Object {
    S3Object(key: "p/\(name)", bytes: bytes, modifiedAt: at)
  }

  @Test("are found by their names, whole or in parts")
  func names() throws {
    let location = try DumpLocation(path: "/x/d.bin", workingDirectory: "/")
    let part = JournalCopy.partName(of: "d.journal-1-3", at: 120)
    #expect(part == "d.journal-1-3.part-0000000000000120")
    let objects = [
      Self.object(part, 30, at: 20), Self.object("d.journal-1-3.part-0000000000000000", 120, at: 10),
      Self.object("d.journal-1-2", 7), Self.object("e.journal-1-2", 7), Self.object("d.journal-1-3.part-1", 7),
      Self.object("d-20261123T201137Z.bin", 7), Self.object("d.journal-1-3.part-00000000000000xx", 7),
    ]
    let copies = JournalCopy.all(in: objects, of: location)
    #expect(copies.map(\.name.file) == ["d.journal-1-2", "d.journal-1-3"])
    #expect(copies[0].whole == objects[2] && copies[0].parts.isEmpty)
    #expect(copies[1].whole == nil && copies[1].parts.map(\.offset) == [0, 120])
    #expect(copies[1].partsEnd == 150 && copies[1].bytes == 150)
    #expect(copies[1].judged.createdAt == 20)
    #expect(copies[1].judged.number == HistoryNumber(epoch: 1, sequence: 3))
  }

  @Test("are put together of parts that overlap, up to the first gap")
  func overlaps() throws {
    let name = try #require(JournalName("d.journal-1-3"))
    func useful(_ parts: [(Int, Int)]) -> [String] {
      var copy = JournalCopy(name: name)
      copy.parts = parts.map { .init(offset: $0.0, object: Self.object("x", $0.1)) }
      return copy.useful.map { "\($0.part.offset)+\($0.skip)" }
    }
    #expect(useful([(0, 10), (10, 5)]) == ["0+0", "10+0"])
    #expect(useful([(0, 10), (7, 5), (8, 1), (12, 3)]) == ["0+0", "7+3", "12+0"])
    #expect(useful([(0, 10), (11, 5)]) == ["0+0"])
    #expect(useful([(1, 10)]) == [])
  }

  @Test("have a journal up to its newest whole chunk, while it grows and after it was closed")
  func follows() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let fixture = try JournalFixture(in: root)
      try fixture.journal(0, .empty, at: 0, commits: 3)
      let whole = try Data(contentsOf: URL(filePath: fixture.path(0)))
      let file = URL(filePath: fixture.path(0))
      try whole.prefix(50).write(to: file)
      #expect(try JournalFollower(file.path(), in: fixture.directory, fixture.volume.keyring) == nil)
      // Written in place, as a journal grows.
      let handle = try FileHandle(forWritingTo: file)
      var follower: JournalFollower?
      var ends: Set<Int> = []
      var copied = Data()
      for size in stride(from: 50, through: whole.count, by: 7) + [whole.count] {
        try handle.seek(toOffset: 0)
        try handle.write(contentsOf: whole.prefix(size))
        if follower == nil {
          follower = try JournalFollower(file.path(), in: fixture.directory, fixture.volume.keyring)
        }
        try follower?.advance()
        guard let follower, follower.end > copied.count else { continue }
        let (body, _) = try follower.piece(from: copied.count)
        var bytes = [UInt8](repeating: 0, count: body.size + 9)
        #expect(bytes.withUnsafeMutableBytes { body.read(at: 0, into: $0) } == body.size)
        copied += bytes.prefix(body.size)
        ends.insert(follower.end)
      }
      #expect(copied == whole)
      // The header, three commits, the end.
      #expect(ends.count == 5)
      #expect(follower?.isClosed == true)
    }
  }
}
