/// What pruning knows of one dump.
package struct JudgedDump: Sendable, Equatable {
  package enum Verdict: Sendable, Equatable {
    /// Every byte was authenticated and the documents were counted.
    case good(documents: Int)
    /// What was read is not what was written.
    case damaged
    /// It opens with none of the keys at hand: it is damaged, or good and sealed with another key. Nobody without that key
    /// can tell which.
    case unopened
    /// Not checked yet, or not readable just now.
    case unverified
  }

  /// Unique among the dumps of a volume.
  package let name: String
  /// Unix seconds, from the dump's header. May be wrong: a clock can have jumped when the dump was written, and the
  /// header of a dump that is not `good` can say anything.
  package let createdAt: Int
  package let bytes: Int
  package let verdict: Verdict

  package init(name: String, createdAt: Int, bytes: Int, verdict: Verdict) {
    self.name = name
    self.createdAt = createdAt
    self.bytes = bytes
    self.verdict = verdict
  }

  /// `nil` unless the dump is good.
  package var documents: Int? {
    guard case .good(let documents) = verdict else { return nil }
    return documents
  }
}
