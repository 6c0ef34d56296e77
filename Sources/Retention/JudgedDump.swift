/// A dump as pruning sees it.
package struct JudgedDump: Sendable, Equatable {
  /// The result of verifying a dump.
  package enum Verdict: Sendable, Equatable {
    /// Every byte was authenticated, and the documents were counted.
    case good(documents: Int)
    /// The bytes are not those that were written.
    case damaged
    /// None of the available keys decrypts it. It is damaged, or it is good and encrypted with another key; without
    /// that key the two can't be distinguished.
    case unopened
    /// The dump was not verified yet, or could not be read just now.
    case unverified
  }

  /// The name, unique among the dumps of a directory.
  package let name: String
  /// The time in the dump's header, in Unix seconds. It can be wrong: the clock may have jumped when the dump was
  /// written, and the header of a dump that is not `good` can contain any time.
  package let createdAt: Int
  /// The size in bytes.
  package let bytes: Int
  /// The result of verifying the dump.
  package let verdict: Verdict
  /// Whether `ShrinkGuard` never flags the dump: an operator accepted it, or it passed before. Pruning removes the
  /// steps of a slow decline, and judged anew, the remaining dumps would look like an accident.
  package let isAccepted: Bool

  /// Creates a judged dump from its parts.
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
