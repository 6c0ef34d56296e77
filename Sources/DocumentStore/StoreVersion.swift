/// The whole store at one moment. It is immutable: each commit makes the next version, which shares all unchanged parts
/// with this one.
final class StoreVersion: Sendable {
  /// Commits since the process started.
  let sequence: UInt64
  let table: CollectionTable

  init(sequence: UInt64, table: CollectionTable) {
    self.sequence = sequence
    self.table = table
  }
}
