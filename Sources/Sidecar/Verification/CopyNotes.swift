import DumpFormat
import JSON

/// The part of the verification cache about the place of the copies in S3.
struct CopyNotes: Sendable, Equatable {
  /// The bucket and the prefix that this and the names of copies are about, or `nil` in the notes of older programs.
  var place: UTF8Key?
  /// The highest number of a dump or journal that this volume has there, or tried to copy there.
  var highest: JournalNumber?
  /// The name of the volume in claims of places, whatever the place is; `nil` before the first one.
  var volume: String?

  init() {}

  /// Takes in a number that may be the highest one.
  mutating func raise(to number: JournalNumber) {
    if let highest, highest >= number { return }
    highest = number
  }

  /// Takes in the notes of another process about the same place.
  mutating func merge(_ other: CopyNotes) {
    if place == nil { place = other.place }
    if let name = other.volume { volume = name }
    if let number = other.highest { raise(to: number) }
  }
}

extension CopyNotes {
  /// - Parameter value: the member of the cache, which older programs did not write.
  init(_ value: JSONValue?) {
    guard let object = value?.object else { return }
    volume = object["volume"]?.string
    guard let text = object["place"]?.string else { return }
    place = UTF8Key(text)
    guard let epoch = object["epoch"]?.number?.int, let sequence = object["sequence"]?.number?.int else { return }
    highest = JournalNumber(epoch: epoch, sequence: sequence)
  }

  /// The notes as JSON.
  var json: JSONValue {
    var object: JSONObject = [:]
    object["volume"] = volume.map { .string($0) }
    object["place"] = place.map { .string($0.text) }
    object["epoch"] = highest.map { .integer($0.epoch) }
    object["sequence"] = highest.map { .integer($0.sequence) }
    return .object(object)
  }
}

extension VerificationCache {
  /// Begins anew with what is noted of copies when that is about another place.
  mutating func useCopies(at place: UTF8Key) {
    if let noted = offsite.place, noted != place {
      copied = []
      (offsite.place, offsite.highest) = (nil, nil)
    }
    offsite.place = place
  }

  /// Takes in what another process noted of copies. Its notes are the younger ones, so they count when they are about
  /// another place.
  mutating func mergeCopies(_ other: VerificationCache) {
    if let own = offsite.place, let place = other.offsite.place, own != place {
      copied = other.copied
      let name = offsite.volume
      offsite = other.offsite
      if offsite.volume == nil { offsite.volume = name }
    } else {
      copied.formUnion(other.copied)
      offsite.merge(other.offsite)
    }
  }
}
