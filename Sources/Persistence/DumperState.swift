/// The dumper's state: which state of the store is saved in which dump, and which number the next dump gets.
///
/// This is a value without a clock. It identifies states of the store by the sequence numbers of commits.
struct DumperState<Target: Equatable & Sendable> {
  var queue = DumpQueue<Target>()
  /// The dump from which the present state came, or to which it was last written.
  private(set) var origin: Dumper.Origin?
  /// When the last dump of the directory began, by the steady clock, or `nil` before the first one of this process.
  private(set) var lastBegan: Duration?
  /// The state that the newest dump of the directory holds, or `nil` when it is not a state of this process.
  private var saved: UInt64?
  /// Commits after this state are changes of clients.
  private var first: UInt64 = 0
  /// The number of the previous dump.
  private var last = (epoch: 0, sequence: 0)

  /// Whether a state has a change that no dump holds.
  func isChanged(_ present: UInt64) -> Bool { present != saved }

  /// The number of a state's changes of clients that the directory does not hold.
  ///
  /// - Parameter journaled: the state that the journal holds.
  func unsavedChanges(_ present: UInt64, journaled: UInt64 = 0) -> Int {
    let saved = max(first, saved ?? 0, journaled)
    return present > saved ? Int(clamping: present - saved) : 0
  }

  /// Counts commits after a state as changes of clients.
  mutating func countChanges(after state: UInt64) { first = state }

  /// Counts one of the changes since `countChanges` as the gateway's own.
  mutating func discountChange() { first += 1 }

  /// Records that a state was restored from a dump of the directory and equals it.
  mutating func noteRestored(_ state: UInt64, from origin: Dumper.Origin) {
    self.origin = origin
    saved = state
  }

  /// Records that a state was restored from a dump, and differs from it by the gateway's own changes.
  mutating func noteReplaced(_ state: UInt64, since origin: Dumper.Origin) {
    self.origin = origin
    saved = nil
    countChanges(after: state)
  }

  /// Records a dump of the directory that is safe on the volume.
  ///
  /// - Parameter began: when the dump began, by the steady clock.
  mutating func noteWritten(_ state: UInt64, as origin: Dumper.Origin, began: Duration) {
    self.origin = origin
    saved = state
    lastBegan = began
  }

  /// The sequence number that the next dump of an epoch gets.
  func nextSequence(in epoch: Int) -> Int { epoch == last.epoch ? last.sequence + 1 : 1 }

  /// Takes the number of the next dump. Each number is used once, even if its dump fails, because parts of that dump
  /// can be on the volume.
  ///
  /// - Parameter epoch: the lease's epoch, or 0 without a lease.
  mutating func takeNumber(in epoch: Int) -> (epoch: Int, sequence: Int) {
    last = (epoch, nextSequence(in: epoch))
    return last
  }
}
