import JSON

/// The whole store at one moment. Immutable; each commit makes the next one, which shares with this one whatever it did
/// not change.
final class StoreVersion: Sendable {
  /// Commits since the process started; says whether anything changed between two versions.
  let sequence: UInt64
  let collections: [Collection]
  /// Where each collection is, by its name.
  let places: [UTF8Key: Int]

  init(sequence: UInt64, collections: [Collection]) {
    self.sequence = sequence
    self.collections = collections
    places = Self.places(of: collections)
  }

  init(sequence: UInt64, collections: [Collection], places: [UTF8Key: Int]) {
    self.sequence = sequence
    self.collections = collections
    self.places = places
  }

  /// Of collections with the same name, the first is found.
  static func places(of collections: [Collection]) -> [UTF8Key: Int] {
    Dictionary(collections.enumerated().map { (UTF8Key($1.schema.name), $0) }) { first, _ in first }
  }
}
