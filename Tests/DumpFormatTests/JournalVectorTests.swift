import Cryptography
import Foundation
import JSON
import Testing

@testable import DumpFormat

/// Journals that `Tests/DumpReader/formats.py` wrote. During a deployment a task follows the journal of a task of the
/// version before or after it. So a new layout gets vectors of its own, and these stay.
@Suite("Journals of this version and the one before")
struct JournalVectorTests {
  /// A journal and its content.
  struct Vector: Sendable {
    /// The place in the file of vectors.
    let number: Int
    let key: String
    let header: JournalHeader
    /// The commits of each chunk, and the tag of a copy's.
    let chunks: [(commits: [JournalCommit], tag: [UInt8])]
    let ending: JournalReader.Ending
  }

  private static let commits = [
    JournalSamples.commit,
    JournalCommit(
      number: 2, time: -1, actor: nil,
      changes: [JournalChange(collection: "groups", id: "g", before: 7, after: Array(#"{"_id":"g"}"#.utf8))]),
    JournalCommit(number: 3, time: 0, actor: "", changes: []),
  ]

  private static func header(_ start: JournalStart, copiedTag: String? = nil) -> JournalHeader {
    JournalSamples.header(start, writer: "gatehouse/0.1.0", copiedTag: copiedTag)
  }

  private static let long = "a key of at least thirty-two characters"

  static let vectors = [
    Vector(
      number: 0, key: long,
      header: header(.journal(JournalSamples.place)),
      chunks: [(Array(commits[..<2]), []), ([commits[2]], [])], ending: .closed),
    Vector(
      number: 1, key: "short key", header: header(.empty), chunks: commits.map { ([$0], []) }, ending: .open),
    Vector(
      number: 2, key: long,
      header: header(
        .dump(identity: String(repeating: "00", count: 32)), copiedTag: String(repeating: "0f", count: 16)),
      chunks: [
        (Array(commits[..<2]), [UInt8](repeating: 1, count: 16)), ([commits[2]], [UInt8](repeating: 2, count: 16)),
      ], ending: .closed),
  ]

  /// The salt of a short key has two parts, and `SealedFileTests` has a vector of one.
  static let ofLongKeys = vectors.filter { $0.key == long }

  private static func kept(_ vector: Vector) throws -> [UInt8] {
    let all = try #require(try JSONParser().parse([UInt8](Fixture.data("journal-vectors.json"))).array)
    let object = try #require(all[vector.number].object)
    #expect(object["key"]?.string == vector.key)
    return [UInt8](hex: try #require(object["file"]?.string))
  }

  @Test("are read as they were written", arguments: vectors)
  func reading(vector: Vector) throws {
    let source = BytesSource(bytes: try Self.kept(vector))
    let opened = try JournalReader(source, DumpKeyring(sealing: DumpKey(vector.key)))
    var reader = try #require(opened)
    #expect(reader.header == vector.header)
    var batches: [JournalReader.Batch] = []
    while let batch = try reader.next() { batches.append(batch) }
    #expect(batches.map(\.commits) == vector.chunks.map(\.commits))
    #expect(reader.ending == vector.ending)
    if let tag = vector.header.copiedTag {
      #expect(reader.headerTag == tag)
      #expect(batches.map(\.tag) == vector.chunks.map { Hexadecimal.encode($0.tag) })
    }
  }

  @Test("are written again to the byte", arguments: ofLongKeys)
  func writing(vector: Vector) throws {
    let salt = RandomBytes { count in (0..<count).map { UInt8(vector.number + $0) } }
    let (key, preamble) = try SealedFileKey.create(
      .journal, compression: .none, key: DumpKey(vector.key), randomness: salt, masters: ScryptMasters())
    var sealer = ChunkSealer(key)
    var bytes = preamble.bytes
    bytes += try sealer.seal(vector.header.bytes)
    for chunk in vector.chunks {
      var content = chunk.tag
      for commit in chunk.commits { commit.encode(into: &content) }
      bytes += try sealer.seal(content)
    }
    if vector.ending == .closed { bytes += try sealer.seal([], isLast: true) }
    #expect(try bytes == Self.kept(vector))
  }
}
