import Testing

@testable import DumpFormat

@Suite("The beginning of a journal")
struct JournalBeginningTests {
  private static let old = DumpKeyring(sealing: DumpKey("a key of at least thirty-two characters"))
  private static let new = DumpKeyring(sealing: DumpKey("another key of thirty-two characters or more"))
  private static let both = DumpKeyring(sealing: new.sealing, older: old.all)

  private static func journal() throws -> [UInt8] {
    try JournalSamples.sealed([JournalSamples.commit], JournalSamples.header(.empty), key: old.sealing, isClosed: true)
  }

  @Test("is the same for a part of the file and for all of it, and has its header")
  func sameFile() throws {
    let bytes = try Self.journal()
    let beginning = try #require(JournalBeginning(bytes))
    #expect(beginning == JournalBeginning(Array(bytes.prefix(JournalBeginning.size))))
    #expect(try beginning == JournalBeginning(of: BytesSource(bytes: bytes)))
    #expect(beginning.header(Self.both) == JournalSamples.header(.empty))
    #expect(beginning.header(Self.new) == nil)
  }

  @Test("tells another journal of the same number and start apart, with and without the key")
  func others() throws {
    let one = try #require(try JournalBeginning(Self.journal()))
    let other = try #require(try JournalBeginning(Self.journal()))
    for keyring in [Self.old, Self.new] {
      #expect(one.isOfSameJournal(as: one, keyring))
      #expect(!one.isOfSameJournal(as: other, keyring))
    }
  }

  @Test("knows a copy under another key for the same journal")
  func copies() throws {
    let bytes = try Self.journal()
    let journal = try #require(try JournalRekeying(of: BytesSource(bytes: bytes), Self.old))
    var copied: [UInt8] = []
    _ = try journal.write(under: Self.new.sealing, reaching: nil) { copied += $0 }
    let (original, copy) = (try #require(JournalBeginning(bytes)), try #require(JournalBeginning(copied)))
    #expect(original != copy)
    // Only the key of the copy is needed, as the tag of the original is not encrypted.
    for keyring in [Self.both, Self.new] {
      #expect(original.isOfSameJournal(as: copy, keyring) && copy.isOfSameJournal(as: original, keyring))
    }
    #expect(!original.isOfSameJournal(as: copy, Self.old))
  }

  @Test("is none when bytes are missing, or when the file is none of a journal")
  func broken() throws {
    let bytes = try Self.journal()
    for count in [0, 3, 4, 96, 111, 112, JournalBeginning.size - 1] {
      #expect(JournalBeginning(Array(bytes.prefix(count))) == nil)
    }
    #expect(JournalBeginning(Array("DMP2".utf8) + bytes.dropFirst(4)) == nil)
    #expect(JournalBeginning([UInt8](repeating: 0, count: 4096)) == nil)
  }
}
