/// A journal as pruning sees it.
package struct JudgedJournal: Sendable, Equatable {
  /// The result of reading a journal.
  package enum Verdict: Sendable, Equatable {
    /// It could be read, or was not read yet.
    case usable
    /// None of the available keys decrypts it. It may be good and encrypted with another key.
    case unopened
    /// The bytes are not those that were written.
    case damaged
  }

  /// The name, unique among the journals of a directory.
  package let name: String
  /// The number in the name.
  package let number: HistoryNumber
  /// The time in the journal's header in Unix seconds, or `nil` when the header can't be read.
  package let createdAt: Int?
  /// The size in bytes.
  package let bytes: Int
  /// The result of reading the journal.
  package let verdict: Verdict

  /// Creates a judged journal from its parts.
  package init(name: String, number: HistoryNumber, createdAt: Int?, bytes: Int, verdict: Verdict = .usable) {
    self.name = name
    self.number = number
    self.createdAt = createdAt
    self.bytes = bytes
    self.verdict = verdict
  }
}
