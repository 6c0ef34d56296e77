import Synchronization

/// How many connections are open and how many calls are under way, and whether calls are still taken.
///
/// Each event loop counts in a slot of its own, so that loops don't wait for each other; a reader adds the slots up.
package final class ConnectionCounters: Sendable {
  /// The counts of one event loop, on a cache line of its own.
  package final class Slot: Sendable {
    fileprivate let connections = Atomic(0)
    fileprivate let calls = Atomic(0)
    private let phase: Phase

    fileprivate init(_ phase: Phase) {
      self.phase = phase
    }

    /// Whether answers close their connections, so that clients go elsewhere. Calls may still be taken.
    var isLeaving: Bool { phase.value.load(ordering: .relaxed) != Phase.serving }

    /// A connection was opened.
    func open() { connections.add(1, ordering: .relaxed) }
    /// A connection was closed.
    func close() { connections.subtract(1, ordering: .relaxed) }

    /// Counts a call.
    ///
    /// - Returns: whether it is taken; one that comes too late does not count.
    func beginCall() -> Bool {
      // Counted before the flag is read: a stop that sets the flag and then sees no call is followed by none that was
      // taken.
      calls.add(1, ordering: .sequentiallyConsistent)
      guard phase.value.load(ordering: .sequentiallyConsistent) == Phase.turningAway else { return true }
      endCall()
      return false
    }

    /// A call that was taken has its answer, or its client is gone.
    func endCall() { calls.subtract(1, ordering: .sequentiallyConsistent) }
  }

  /// The phases follow each other.
  fileprivate final class Phase: Sendable {
    static let serving = 0
    static let leaving = 1
    static let turningAway = 2

    let value = Atomic(serving)

    func enter(_ phase: Int) { value.max(phase, ordering: .sequentiallyConsistent) }
  }

  private let phase = Phase()
  private let slots: Mutex<[ObjectIdentifier: Slot]>

  /// No connection and no call.
  package init() {
    slots = Mutex([:])
  }

  /// The slot of an event loop, which each of its connections asks for once.
  package func slot(of eventLoop: AnyObject) -> Slot {
    slots.withLock { slots in
      if let slot = slots[ObjectIdentifier(eventLoop)] { return slot }
      let slot = Slot(phase)
      slots[ObjectIdentifier(eventLoop)] = slot
      return slot
    }
  }

  /// Open connections.
  package var connections: Int { sum { $0.connections.load(ordering: .relaxed) } }
  /// Calls that were taken and are not answered yet.
  package var calls: Int { sum { $0.calls.load(ordering: .sequentiallyConsistent) } }

  /// From now on the answer to the last request of a connection closes it.
  package func leave() { phase.enter(Phase.leaving) }

  /// From now on calls are told that they came too late.
  package func turnAway() { phase.enter(Phase.turningAway) }

  private func sum(_ count: (Slot) -> Int) -> Int {
    slots.withLock { $0.values.reduce(0) { $0 + count($1) } }
  }
}
