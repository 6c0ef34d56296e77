/// The number of a journal among those of its directory. A journal belongs to the dump of the same number, which holds
/// the state at the journal's beginning. The first journal of an epoch has sequence 0, and no dump.
package struct JournalNumber: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// The epoch of the writer.
  package let epoch: Int
  /// The number of the dump within the epoch, or 0.
  package let sequence: Int

  /// - Returns: `nil` unless the epoch is in 1…2^53 and the sequence in 0…2^53.
  package init?(epoch: Int, sequence: Int) {
    guard 1...DumpOrder.maximum ~= epoch, 0...DumpOrder.maximum ~= sequence else { return nil }
    self.epoch = epoch
    self.sequence = sequence
  }

  /// The number of the journal that begins with a dump.
  package init(_ order: DumpOrder) {
    epoch = order.epoch
    sequence = order.sequence
  }

  /// `<epoch>-<sequence>`, as in the file's name.
  package var description: String { "\(epoch)-\(sequence)" }

  package static func < (left: Self, right: Self) -> Bool {
    (left.epoch, left.sequence) < (right.epoch, right.sequence)
  }

  /// Whether a dump's order is this number.
  package func isOf(_ order: DumpOrder?) -> Bool { order.map(JournalNumber.init) == self }
}

extension JournalNumber {
  /// The place behind which the newest journal goes on that follows this one, or `nil` when none does.
  ///
  /// - Parameter headers: of the directory's journals, the oldest first.
  package func end(in headers: [JournalHeader?]) -> JournalPlace? {
    for header in headers.reversed() {
      if case .journal(let place)? = header?.start, place.journal == self { return place }
    }
    return nil
  }
}
