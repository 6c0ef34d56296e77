/// The whole store at one moment. Immutable; each commit makes the next one, which shares with this one whatever it did
/// not change.
final class StoreVersion: Sendable {
  /// Commits since the process started; says whether anything changed between two versions.
  let sequence: UInt64
  let collections: [Collection]
  let places: [String: Int]

  init(sequence: UInt64, collections: [Collection]) {
    self.sequence = sequence
    self.collections = collections
    places = Dictionary(uniqueKeysWithValues: collections.enumerated().map { ($1.schema.name, $0) })
  }

  init(sequence: UInt64, collections: [Collection], places: [String: Int]) {
    self.sequence = sequence
    self.collections = collections
    self.places = places
  }
}
