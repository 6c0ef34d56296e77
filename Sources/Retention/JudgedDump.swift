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
  /// The number in the dump's header, or `nil` for dumps without one, as those of Doorman.
  package let number: HistoryNumber?
  /// The journal that goes on from the dump's state, or `nil` when there is none.
  package let continuation: Continuation?

  /// A journal that goes on from the state of a dump.
  package struct Continuation: Sendable, Equatable {
    /// The number of the journal.
    package let journal: HistoryNumber
    /// Whether no earlier journal leads to that state, so that the journal is of use only with this dump.
    package let isSole: Bool

    /// Creates a continuation from its parts.
    package init(journal: HistoryNumber, isSole: Bool) {
      self.journal = journal
      self.isSole = isSole
    }
  }

  /// Creates a judged dump from its parts.
  package init(
    name: String, createdAt: Int, bytes: Int, verdict: Verdict, isAccepted: Bool = false,
    number: HistoryNumber? = nil, continuation: Continuation? = nil
  ) {
    self.name = name
    self.createdAt = createdAt
    self.bytes = bytes
    self.verdict = verdict
    self.isAccepted = isAccepted
    self.number = number
    self.continuation = continuation
  }

  /// The same dump with its place among journals.
  package func with(number: HistoryNumber?, continuation: Continuation?) -> JudgedDump {
    JudgedDump(
      name: name, createdAt: createdAt, bytes: bytes, verdict: verdict, isAccepted: isAccepted, number: number,
      continuation: continuation)
  }

  /// The number of documents, or `nil` unless the dump is good.
  package var documents: Int? {
    guard case .good(let documents) = verdict else { return nil }
    return documents
  }
}
