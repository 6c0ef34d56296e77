/// The place of a dump or a journal in the history of a directory, from its header or its name. No clock is asked.
package struct HistoryNumber: Sendable, Equatable, Comparable {
  /// The epoch of the writer.
  package let epoch: Int
  /// The number within the epoch. The journal of a number begins with the dump of that number.
  package let sequence: Int

  /// Creates a number from its parts.
  package init(epoch: Int, sequence: Int) {
    self.epoch = epoch
    self.sequence = sequence
  }

  package static func < (left: Self, right: Self) -> Bool {
    (left.epoch, left.sequence) < (right.epoch, right.sequence)
  }
}
