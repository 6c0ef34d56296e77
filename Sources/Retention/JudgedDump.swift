/// One dump as the retention rules see it.
package struct JudgedDump: Sendable, Equatable {
  /// What verification says of a dump.
  package enum Verdict: Sendable, Equatable {
    /// Every byte was authenticated and the documents were counted.
    case good(documents: Int)
    /// The bytes that were read are not those that were written.
    case damaged
    /// None of the configured keys decrypts it: it is damaged, or good and encrypted with another key. Without that key the
    /// two can't be told apart.
    case unopened
    /// It is not verified yet, or can't be read at the moment.
    case unverified
  }

  /// The name, which is unique among the dumps of a volume.
  package let name: String
  /// Unix seconds, from the dump's header. The time may be wrong: the clock can have jumped when the dump was written,
  /// and the header of a dump that is not `good` can hold any time.
  package let createdAt: Int
  /// The size of the file.
  package let bytes: Int
  /// What verification says.
  package let verdict: Verdict
  /// Whether `ShrinkGuard` never flags this dump: an operator accepted it, or it was not flagged before. Pruning removes
  /// the steps of a slow decline, and what is left of it looks like an accident when it is judged anew.
  package let isAccepted: Bool

  /// Makes a dump to judge.
  ///
  /// - Parameters:
  ///   - createdAt: Unix seconds.
  ///   - isAccepted: whether `ShrinkGuard` never flags it.
  package init(name: String, createdAt: Int, bytes: Int, verdict: Verdict, isAccepted: Bool = false) {
    self.name = name
    self.createdAt = createdAt
    self.bytes = bytes
    self.verdict = verdict
    self.isAccepted = isAccepted
  }

  /// The number of documents, or `nil` unless the dump is good.
  package var documents: Int? {
    guard case .good(let documents) = verdict else { return nil }
    return documents
  }
}
