import DocumentStore

/// The states of the store since the newest one that nothing takes back any more. A client that reads while the volume
/// hangs is answered from that one.
struct VisibleStates {
  /// From the newest one that clients may see on; empty where they may see every state.
  private var snapshots: [Snapshot] = []
  /// Whether a dump of one of them is under way. When it is safe, the states behind it can become safe one by one.
  private var isDumping = false
  /// The most states that are kept behind a dump that takes long.
  private static let most = 4096
  /// The states that nobody needs any more. Whoever takes them frees them where nobody waits for that: after a restore
  /// one may be a whole store.
  private(set) var retired: [Snapshot] = []

  /// The newest state that clients may see, or `nil` when they may see every state.
  var newest: Snapshot? { snapshots.first }

  /// The number of states that are kept.
  var count: Int { snapshots.count }

  /// Begins to keep states. Clients may see this one.
  mutating func begin(with snapshot: Snapshot) { snapshots = [snapshot] }

  /// Clients may see this state, and none before it.
  mutating func replace(with snapshot: Snapshot) {
    guard !snapshots.isEmpty else { return }
    retired += snapshots
    snapshots = [snapshot]
  }

  /// A commit made a state.
  ///
  /// - Parameters:
  ///   - comesAgain: whether a start makes the same commit again, so that nothing takes it back.
  ///   - needsDump: whether only a dump can make the state safe, and the one before it.
  mutating func add(_ snapshot: Snapshot, comesAgain: Bool, needsDump: Bool) {
    guard !snapshots.isEmpty else { return }
    if comesAgain, snapshots.count == 1 { return replace(with: snapshot) }
    // A dump that comes holds a newer one.
    if needsDump, snapshots.count > (isDumping ? Self.most : 1) { retired.append(snapshots.removeLast()) }
    snapshots.append(snapshot)
  }

  /// A dump of the newest state begins.
  mutating func dumpBegins() { isDumping = true }

  /// The dump is safe, or was not written.
  mutating func dumpEnds() { isDumping = false }

  /// The changes up to one are safe.
  mutating func advance(to sequence: UInt64) {
    guard let place = snapshots.lastIndex(where: { $0.sequence <= sequence }) else { return }
    retired += snapshots[..<place]
    snapshots.removeFirst(place)
  }

  /// Takes the states that nobody needs any more.
  mutating func takeRetired() -> [Snapshot] {
    guard !retired.isEmpty else { return [] }
    defer { retired = [] }
    return retired
  }
}
