import Testing

@testable import DumpFormat

@Suite("A journal under another key")
struct JournalRekeyingTests {
  private static let old = DumpKeyring(sealing: DumpKey("a key of at least thirty-two characters"))
  private static let new = DumpKeyring(sealing: DumpKey("another key of thirty-two characters or more"))
  private static let both = DumpKeyring(sealing: new.sealing, older: old.all)

  private static func journal(_ commits: Int, isClosed: Bool) throws -> (bytes: [UInt8], tags: [String]) {
    var sealer = try JournalSealer(JournalSamples.header(.dump(identity: "ab")), key: old.sealing)
    var (bytes, tags) = (sealer.beginning, [sealer.tag])
    for number in 0..<commits {
      var content: [UInt8] = []
      let change = JournalChange(collection: "users", id: "u\(number)", before: nil, after: Array("{}".utf8))
      JournalCommit(number: number + 1, time: number, actor: "ada", changes: [change]).encode(into: &content)
      bytes += try sealer.seal(content)
      tags.append(sealer.tag)
    }
    return (try isClosed ? bytes + sealer.close() : bytes, tags)
  }

  private static func rekeyed(
    _ bytes: [UInt8], _ keyring: DumpKeyring = both, reaching place: JournalPlace? = nil
  ) throws -> (bytes: [UInt8], content: JournalRekeying.Content) {
    let journal = try #require(try JournalRekeying(of: BytesSource(bytes: bytes), keyring))
    var copy: [UInt8] = []
    let content = try journal.write(under: keyring.sealing, reaching: place) { copy += $0 }
    return (copy, content)
  }

  private struct Reading: Equatable {
    var header: JournalHeader
    var tags: [String]
    var commits: [JournalCommit] = []
    var ending = JournalReader.Ending.open
  }

  private static func read(_ bytes: [UInt8], _ keyring: DumpKeyring) throws -> Reading {
    var reader = try #require(try JournalReader(BytesSource(bytes: bytes), keyring))
    var reading = Reading(header: reader.header, tags: [reader.headerTag])
    while let batch = try reader.next() {
      reading.tags.append(batch.tag)
      reading.commits += batch.commits
    }
    reading.ending = reader.ending
    return reading
  }

  @Test(
    "has the same commits, and the tags that other journals name, also when it is done again", arguments: [0, 1, 3])
  func same(commits: Int) throws {
    for isClosed in [false, true] {
      let (bytes, tags) = try Self.journal(commits, isClosed: isClosed)
      let before = try Self.read(bytes, Self.old)
      let (copy, content) = try Self.rekeyed(bytes)
      let back = DumpKeyring(sealing: Self.old.sealing, older: Self.new.all)
      let (again, contentAgain) = try Self.rekeyed(copy, back)
      #expect(content == contentAgain && content.commits == commits)
      for (file, keyring) in [(copy, Self.new), (again, Self.old)] {
        let after = try Self.read(file, keyring)
        #expect(after.tags == tags && after.commits == before.commits && after.ending == before.ending)
        #expect(after.header.number == before.header.number && after.header.start == before.header.start)
        #expect(file != bytes)
      }
      // A file without a commit and without an end is nothing, under any key.
      if commits > 0 || isClosed { #expect(throws: DumpFormatError.self) { try Self.read(copy, Self.old) } }
    }
  }

  @Test("leaves out a write that was cut off, and lacks nothing that another journal goes on from")
  func torn() throws {
    let (bytes, tags) = try Self.journal(3, isClosed: false)
    let cut = Array(bytes.dropLast(5))
    let copy = try Self.rekeyed(cut).bytes
    let reading = try Self.read(copy, Self.new)
    #expect(reading.tags == Array(tags.dropLast()) && reading.ending == .open)
    for (commits, isThere) in [(0, true), (1, true), (2, true), (3, false)] {
      let place = JournalPlace(journal: JournalSamples.number(3, 17), commits: commits, tag: tags[commits])
      if isThere {
        _ = try Self.rekeyed(cut, reaching: place)
      } else {
        #expect { try Self.rekeyed(cut, reaching: place) } throws: { ($0 as? DumpFormatError)?.code == .damaged }
      }
    }
  }

  @Test("is refused where a chunk lacks the tag that it stands for")
  func malformed() throws {
    let header = JournalHeader(
      number: JournalSamples.number(1, 0), start: .empty, createdAt: "t", writer: "w", copiedTag: "00")
    var sealer = try JournalSealer(header, key: Self.new.sealing)
    let bytes = sealer.beginning + (try sealer.seal([1, 2, 3]))
    #expect {
      try Self.read(bytes, Self.new)
    } throws: {
      ($0 as? DumpFormatError)?.code == .malformedContent
    }
  }
}
