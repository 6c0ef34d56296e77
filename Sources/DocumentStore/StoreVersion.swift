/// The whole store at one moment. A version is immutable. Each commit creates the next one, which shares all unchanged
/// parts with it.
final class StoreVersion: Sendable {
  /// The number of commits since the process started.
  let sequence: UInt64
  let table: CollectionTable

  init(sequence: UInt64, table: CollectionTable) {
    self.sequence = sequence
    self.table = table
  }
}
