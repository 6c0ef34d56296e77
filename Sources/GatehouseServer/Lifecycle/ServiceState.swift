import Platform
import Synchronization

/// Whether the service takes calls, and how many are under way. Shared between connections and lifecycle.
final class ServiceState: Sendable {
  private struct State {
    var availability = Availability.starting
    /// Calls that came while the service took them.
    var calls = 0
    var isHurried = false
    var connections = 0
    var isSealed = false
    var isSaved = false
  }

  private let state = Mutex(State())

  var availability: Availability { state.withLock { $0.availability } }
  var calls: Int { state.withLock { $0.calls } }
  /// Whether a stop goes on without the calls in flight.
  var isHurried: Bool { state.withLock { $0.isHurried } }
  var connections: Int { state.withLock { $0.connections } }

  /// Whether the snapshot of the last dump was taken: no change is acknowledged any more.
  var isSealed: Bool { state.withLock { $0.isSealed } }
  func seal() { state.withLock { $0.isSealed = true } }

  /// Whether the last dump is safe: what was changed before its snapshot is in it, whoever holds the lease by now.
  var isSaved: Bool { state.withLock { $0.isSaved } }
  func markSaved() { state.withLock { $0.isSaved = true } }

  /// The newest dump is loaded; a signal to stop that came before stays in force.
  func becomeReady() {
    state.withLock { if $0.availability == .starting { $0.availability = .ready } }
  }

  /// - Returns: what the service was before.
  func startDraining() -> Availability {
    state.withLock { state in
      defer { state.availability = .draining }
      return state.availability
    }
  }

  func hurry() { state.withLock { $0.isHurried = true } }

  /// - Returns: whether the call counts: one that comes while the service drains is turned away and does not hold it.
  func beginCall() -> Bool {
    state.withLock { state in
      guard state.availability != .draining else { return false }
      state.calls += 1
      return true
    }
  }

  func endCall() { state.withLock { $0.calls -= 1 } }

  func connectionOpened() { state.withLock { $0.connections += 1 } }
  func connectionClosed() { state.withLock { $0.connections -= 1 } }
}
