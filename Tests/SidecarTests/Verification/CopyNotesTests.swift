import DumpFormat
import Foundation
import JSON
import TestSupport
import Testing

@testable import Sidecar

@Suite("Notes of copies in S3")
struct CopyNotesTests {
  private static let (here, there) = (UTF8Key("s3://copies/here/"), UTF8Key("s3://copies/there/"))

  private static func cache(_ place: UTF8Key?, _ sequence: Int, _ names: [String]) throws -> VerificationCache {
    var cache = VerificationCache()
    if let place {
      cache.useCopies(at: place)
      cache.offsite.raise(to: try JournalFixture.number(sequence))
    }
    cache.copied = Set(names.map { UTF8Key($0) })
    return cache
  }

  @Test("come back as they were written, and from a cache of an older program without a place")
  func roundTrip() throws {
    let cache = try Self.cache(Self.here, 4, ["a"])
    #expect(VerificationCache(JSONWriter.bytes(cache.json)) == cache)
    let older = try #require(VerificationCache(Array(#"{"version":1,"dumps":{},"copied":["a"]}"#.utf8)))
    #expect(older.offsite == CopyNotes() && older.copied == [UTF8Key("a")])
    for damaged in [#""x""#, #"{"place":1}"#, #"{"place":"p","epoch":0,"sequence":1}"#, "{}"] {
      let text = #"{"version":1,"dumps":{},"offsite":\#(damaged)}"#
      #expect(VerificationCache(Array(text.utf8))?.offsite.highest == nil, "\(damaged)")
    }
  }

  @Test("of one place grow together, and give way to those of another place")
  func merge() throws {
    var cache = try Self.cache(Self.here, 4, ["a"])
    cache.merge(try Self.cache(Self.here, 3, ["b"]))
    #expect(try cache == Self.cache(Self.here, 4, ["a", "b"]))
    cache.merge(try Self.cache(nil, 0, ["c"]))
    #expect(try cache == Self.cache(Self.here, 4, ["a", "b", "c"]))
    cache.merge(try Self.cache(Self.there, 2, ["d"]))
    #expect(try cache == Self.cache(Self.there, 2, ["d"]))
  }

  @Test("begin anew with another place: the new one has none of the copies")
  func places() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let volume = try JournalFixture(in: root).volume
      volume.markCopied("a", at: Self.here)
      // A program that noted no place had one.
      #expect(volume.isCopied("a", to: Self.here) && volume.copyNotes(at: Self.here).isOlder)
      volume.noteCopy(of: try JournalFixture.number(4), at: Self.here)
      #expect(volume.isCopied("a", to: Self.here) && !volume.isCopied("a", to: Self.there))
      #expect(volume.copyNotes(at: Self.there).highest == nil && !volume.copyNotes(at: Self.there).isOlder)
      volume.noteCopy(of: try JournalFixture.number(3), at: Self.here)
      #expect(try volume.copyNotes(at: Self.here).highest == JournalFixture.number(4))
      // The copies are gone.
      volume.useCopies(at: Self.here, upTo: nil, isEmpty: true)
      #expect(!volume.isCopied("a", to: Self.here) && volume.copyNotes(at: Self.here).highest == nil)
      volume.markCopied("b", at: Self.here)
      volume.useCopies(at: Self.there, upTo: try JournalFixture.number(2), isEmpty: false)
      #expect(!volume.isCopied("b", to: Self.there))
      #expect(try volume.copyNotes(at: Self.there).highest == JournalFixture.number(2))
      // Another task, with the settings of before, has made a copy meanwhile.
      volume.markCopied("c", at: Self.here)
      #expect(!volume.isCopied("c", to: Self.there) && !volume.isCopied("c", to: Self.here))
      volume.saveCache()
      let next = try JournalFixture(in: root).volume
      #expect(next.copyNotes(at: Self.there) == volume.copyNotes(at: Self.there))
    }
  }

  @Test("keep the name of the volume, whatever place they are about, and take that of another process")
  func volume() throws {
    var cache = try Self.cache(Self.here, 4, ["a"])
    cache.offsite.volume = "one"
    cache.useCopies(at: Self.there)
    #expect(cache.offsite.volume == "one" && cache.offsite.highest == nil)
    cache.merge(try Self.cache(Self.here, 2, ["b"]))
    #expect(cache.offsite.volume == "one" && cache.offsite.place == Self.here)
    var other = VerificationCache()
    other.offsite.volume = "other"
    // It is written before there is a place.
    #expect(VerificationCache(JSONWriter.bytes(other.json)) == other)
    cache.merge(other)
    #expect(cache.offsite.volume == "other" && cache.offsite.place == Self.here)
  }

  @Test("cover a copy up to the highest number, when the volume is as far")
  func cover() throws {
    let (one, two, three) = (
      try JournalFixture.number(1), try JournalFixture.number(2), try JournalFixture.number(0, epoch: 3)
    )
    let notes = DumpVolume.PlaceNotes(highest: two, isOlder: false)
    #expect(notes.cover(two, [three]) && notes.cover(one, [two]))
    #expect(!notes.cover(three, [three]) && !notes.cover(two, [one]) && !notes.cover(one, []))
    let older = DumpVolume.PlaceNotes(highest: nil, isOlder: true)
    #expect(older.cover(two, [one, two]) && !older.cover(three, [two]))
    #expect(!DumpVolume.PlaceNotes(highest: nil, isOlder: false).cover(one, [two]))
  }
}
