import Listener
import Platform
import Synchronization

/// Whether the service takes calls, and how many are under way. Shared between connections and lifecycle.
final class ServiceState: Sendable {
  private struct State {
    var availability = Availability.starting
    var isHurried = false
    var isSealed = false
    var isSaved = false
  }

  private let state = Mutex(State())
  /// What connections count, each on its event loop.
  let counters = ConnectionCounters()

  var availability: Availability { state.withLock { $0.availability } }
  /// Calls that came while the service took them, and are not answered yet.
  var calls: Int { counters.calls }
  /// Whether a stop goes on without the calls in flight.
  var isHurried: Bool { state.withLock { $0.isHurried } }
  var connections: Int { counters.connections }

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
    let before = state.withLock { state in
      defer { state.availability = .draining }
      return state.availability
    }
    counters.turnAway()
    return before
  }

  func hurry() { state.withLock { $0.isHurried = true } }
}
