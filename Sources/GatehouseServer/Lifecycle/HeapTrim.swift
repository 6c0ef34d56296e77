/// Whether the heap gives back what a peak of connections left. A value without a clock.
///
/// The C library holds locks meanwhile, and a call that allocates memory waits for them. With a small state and nothing
/// to do that takes about a millisecond for each thousand connections of the peak. With a large state it would take a
/// hundred times as long.
struct HeapTrim: Sendable, Equatable {
  /// A lower peak leaves little.
  static let leastPeak = 256
  static let mostDocuments = 20_000

  /// The most connections that were seen since the heap gave memory back.
  private(set) var peak = 0

  /// Looks at the gateway.
  ///
  /// - Parameters:
  ///   - calls: in flight.
  ///   - documents: in the state.
  /// - Returns: whether the heap is to give memory back now.
  mutating func isDue(connections: Int, calls: Int, documents: Int) -> Bool {
    peak = max(peak, connections)
    guard peak >= Self.leastPeak, connections <= peak / 2, calls == 0, documents <= Self.mostDocuments else {
      return false
    }
    peak = connections
    return true
  }
}
