/// Where a dump stands among those of its volume: whatever the clocks say, the later one has the greater order.
package struct DumpOrder: Sendable, Hashable, Comparable {
  /// Of the lease under which it was written; grows with each take-over.
  package let epoch: Int
  /// Within the epoch, from 1.
  package let sequence: Int

  package init(epoch: Int, sequence: Int) {
    self.epoch = epoch
    self.sequence = sequence
  }

  package static func < (left: DumpOrder, right: DumpOrder) -> Bool {
    (left.epoch, left.sequence) < (right.epoch, right.sequence)
  }
}
