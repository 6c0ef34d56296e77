import DocumentStore

/// The states of the store since the newest one that nothing takes back any more. A client that reads while the volume
/// hangs is answered from that one.
struct VisibleStates {
  /// From the newest one that clients may see on; empty where they may see every state.
  private var snapshots: [Snapshot] = []

  /// The newest state that clients may see, or `nil` when they may see every state.
  var newest: Snapshot? { snapshots.first }

  /// Begins to keep states. Clients may see this one.
  mutating func begin(with snapshot: Snapshot) { snapshots = [snapshot] }

  /// Clients may see this state, and none before it.
  mutating func replace(with snapshot: Snapshot) {
    if !snapshots.isEmpty { snapshots = [snapshot] }
  }

  /// A commit made a state.
  ///
  /// - Parameter comesAgain: whether a start makes the same commit again, so that nothing takes it back.
  mutating func add(_ snapshot: Snapshot, comesAgain: Bool) {
    guard !snapshots.isEmpty else { return }
    if comesAgain, snapshots.count == 1 { snapshots = [] }
    snapshots.append(snapshot)
  }

  /// The changes up to one are safe.
  mutating func advance(to sequence: UInt64) {
    guard let place = snapshots.lastIndex(where: { $0.sequence <= sequence }) else { return }
    snapshots.removeFirst(place)
  }
}
