import Cryptography
import DumpFormat
import JSON

extension DumpVolume {
  /// The copies that this volume is known to have made at a place.
  struct PlaceNotes: Sendable, Equatable {
    /// The highest number that was copied there.
    let highest: JournalNumber?
    /// Whether a program that noted no place and no number made the copies.
    let isOlder: Bool

    /// Whether a copy is one of this volume's, or older than these.
    ///
    /// - Parameter tops: numbers that the volume has reached. When all of them are lower than that of the copy, new
    ///   files would count as older ones.
    func cover(_ number: JournalNumber, _ tops: [JournalNumber]) -> Bool {
      guard let top = tops.max(), number <= top else { return false }
      return isOlder || highest.map { number <= $0 } == true
    }
  }

  /// The notes of the copies at a place.
  func copyNotes(at place: UTF8Key) -> PlaceNotes {
    let cache = refreshedCache
    guard let noted = cache.offsite.place else { return PlaceNotes(highest: nil, isOlder: !cache.copied.isEmpty) }
    return PlaceNotes(highest: noted == place ? cache.offsite.highest : nil, isOlder: false)
  }

  /// The random name of this volume in claims of places. It is noted on the volume before it is used.
  ///
  /// - Throws: `OffsiteError` when it can't be noted. After a restart, the claim would count as another volume's.
  func nameInClaims() throws(OffsiteError) -> String {
    if refreshedCache.offsite.volume == nil {
      var generator = SystemRandomNumberGenerator()
      let name = Hexadecimal.encode((0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
      change(isSaved: false) { cache in
        if cache.offsite.volume == nil { cache.offsite.volume = name }
      }
    }
    // Another process of this volume may have noted one just before.
    guard saveCache(), let noted = refreshedCache.offsite.volume else {
      throw OffsiteError(
        .failed, "the place of the copies can't be claimed, because the notes of the volume can't be written")
    }
    return noted
  }

  /// Whether a dump or a journal has a copy at a place, as far as that is noted. The notes of older programs name no
  /// place.
  func isCopied(_ name: String, to place: UTF8Key) -> Bool {
    let cache = refreshedCache
    return cache.offsite.place.map { $0 == place } != false && cache.copied.contains(UTF8Key(name))
  }

  /// Begins to copy to a place whose copies are known to be of this volume's history.
  ///
  /// - Parameters:
  ///   - highest: the highest number of a copy there.
  ///   - isEmpty: whether there is no copy. The notes are of copies that are gone then.
  func useCopies(at place: UTF8Key, upTo highest: JournalNumber?, isEmpty: Bool) {
    change(isSaved: false) { cache in
      cache.useCopies(at: place)
      if isEmpty { (cache.copied, cache.offsite.highest) = ([], nil) }
      if let highest { cache.offsite.raise(to: highest) }
    }
  }

  /// Records that a dump or a journal has a copy at a place. Where the notes have come to be about another place, as
  /// when another task has other settings, nothing is recorded.
  ///
  /// - Parameter isSaved: whether that is written at once. Otherwise the next write of the cache has it. A process that
  ///   is killed before looks for that copy once more.
  func markCopied(_ name: String, at place: UTF8Key, isSaved: Bool = true) {
    change(isSaved: isSaved) { cache in
      guard cache.offsite.place.map({ $0 == place }) != false else { return }
      cache.copied.insert(UTF8Key(name))
    }
  }

  /// Records that a dump or a journal is about to be copied to a place.
  func noteCopy(of number: JournalNumber, at place: UTF8Key) {
    let noted = refreshedCache.offsite
    guard noted.place != place || noted.highest.map({ $0 < number }) != false else { return }
    change(isSaved: false) { cache in
      cache.useCopies(at: place)
      cache.offsite.raise(to: number)
    }
  }
}
