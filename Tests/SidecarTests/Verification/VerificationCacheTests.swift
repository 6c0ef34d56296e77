import DumpDirectory
import DumpFormat
import DumpReports
import JSON
import TestSupport
import Testing

@testable import Sidecar

@Suite("VerificationCache")
struct VerificationCacheTests {
  @Test("comes back as it was written, and not from bytes that are damaged")
  func roundTrip() throws {
    var cache = VerificationCache()
    let good = Verification.good(
      GoodDump(
        header: DumpHeader(createdAt: "2026-11-23T20:11:37Z"), documents: 3, sha256: "ab",
        collections: [.init(name: "users", documents: 3)]))
    let keys = KeyMarks(["k1", "k2"])
    cache.record(good, of: "a.bin", .init(bytes: 1, modifiedAt: 2, inode: .max), keys)
    cache.record(.damaged("torn"), of: "b.bin", .init(bytes: 1, modifiedAt: 2, inode: 3), keys)
    cache.record(.unopened("sealed"), of: "c.bin", .init(bytes: 1, modifiedAt: 2, inode: 4), keys)
    cache.accepted = [UTF8Key("a.bin")]
    cache.copied = [UTF8Key("b.bin")]
    let bytes = JSONWriter.bytes(cache.json)
    #expect(VerificationCache(bytes) == cache)
    // Without the key nobody can write a cache that counts.
    let key = DumpKey("sealing-key-abc")
    let sealed = try cache.sealed(key)
    #expect(VerificationCache(sealed: sealed, key) == cache)
    #expect(VerificationCache(sealed: sealed, DumpKey("another-key")) == nil)
    #expect(VerificationCache(sealed: sealed, DumpKeyring(sealing: DumpKey("another-key"), older: [key])) == cache)
    #expect(VerificationCache(sealed: bytes, key) == nil)
    for place in sealed.indices {
      var forged = sealed
      forged[place] ^= 1
      #expect(VerificationCache(sealed: forged, key) == nil)
    }
    cache.removeAll(except: [UTF8Key("b.bin")])
    #expect(cache.dumps.keys.map(\.text) == ["b.bin"])
    #expect(cache.accepted.isEmpty)
    for length in 0..<bytes.count { #expect(VerificationCache(Array(bytes[..<length])) == nil) }
    // Any bytes are a cache or none; reading them never traps.
    var generator = SeededGenerator(seed: 3)
    for _ in 0..<2000 {
      var damaged = bytes
      damaged[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
      _ = VerificationCache(damaged)
    }
  }

  @Test("holds a failure to decrypt for the same keys and fewer, and keeps what more keys have decrypted")
  func keys() throws {
    let file = FileIdentity(bytes: 1, modifiedAt: 2, inode: 3)
    let (old, new, both) = (KeyMarks(["old"]), KeyMarks(["new"]), KeyMarks(["old", "new"]))
    let good = Verification.good(
      GoodDump(header: DumpHeader(createdAt: "2026-11-23T20:11:37Z"), documents: 3, sha256: "ab", collections: []))
    var cache = VerificationCache()
    cache.record(.unopened("x"), of: "a.bin", file, new)
    #expect(cache.verification(of: "a.bin", file, new) == .unopened("x"))
    #expect(cache.verification(of: "a.bin", file, both) == nil)
    #expect(cache.verification(of: "a.bin", file, old) == nil)
    cache.record(good, of: "a.bin", file, both)
    #expect(cache.verification(of: "a.bin", file, new) == good)
    cache.record(.unopened("y"), of: "a.bin", file, new)
    #expect(cache.verification(of: "a.bin", file, both) == good)
    // Another file has taken the name.
    var changed = cache
    changed.record(.unopened("z"), of: "a.bin", .init(bytes: 1, modifiedAt: 9, inode: 3), new)
    #expect(changed.dumps[UTF8Key("a.bin")]?.verification == .unopened("z"))
    cache.record(.unopened("z"), of: "a.bin", file, both)
    #expect(cache.verification(of: "a.bin", file, both) == .unopened("z"))
    // A result without the keys of its reading does not hold.
    let before = Array(
      #"{"version":1,"dumps":{"a.bin":{"bytes":1,"modified_at_ns":2,"inode":"3","error":"torn"}}}"#.utf8)
    #expect(try #require(VerificationCache(before)).verification(of: "a.bin", file, old) == nil)
    let marks = try KeyMarks(DumpKeyring(sealing: DumpKey("sealing-key-abc"), older: [DumpKey("old-key-abc")]))
    #expect(try KeyMarks(DumpKeyring(sealing: DumpKey("old-key-abc"))).isSubset(of: marks))
    #expect(marks.texts.count == 2)
    #expect(!marks.texts.joined().contains("key"))
  }

  @Test("is none if a count can't be read, rather than a dump with 0 documents")
  func counts() {
    let note =
      #"{"bytes":1,"modified_at_ns":2,"inode":"3","keys":[],"documents":1,"sha256":"","created_at":"t","format":"DMP1","collections":{"users":COUNT}}"#
    for (count, isTaken) in [("1", true), ("null", false), (#""1""#, false)] {
      let text = #"{"version":1,"dumps":{"a.bin":\#(note.replacing("COUNT", with: count))}}"#
      #expect((VerificationCache(Array(text.utf8)) != nil) == isTaken, "\(count)")
    }
  }

  @Test("tells names apart by their bytes, although Unicode calls them equal")
  func names() {
    let file = FileIdentity(bytes: 1, modifiedAt: 2, inode: 3)
    let keys = KeyMarks(["k"])
    var cache = VerificationCache()
    cache.record(.damaged("torn"), of: "caf\u{E9}.bin", file, keys)
    #expect(cache.verification(of: "cafe\u{301}.bin", file, keys) == nil)
    cache.copied = [UTF8Key("caf\u{E9}.bin"), UTF8Key("cafe\u{301}.bin")]
    #expect(VerificationCache(JSONWriter.bytes(cache.json))?.copied.count == 2)
  }
}
