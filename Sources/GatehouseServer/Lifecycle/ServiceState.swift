import Clocks
import Listener
import Platform
import Synchronization

/// The gateway's availability and its number of requests in flight, shared between connections and lifecycle.
final class ServiceState: Sendable {
  private struct State {
    var availability = Availability.starting
    /// When the state was loaded, by the steady clock; `nil` before.
    var loadedAt: Duration?
    var isHurried = false
    var isSealed = false
    var isSaved = false
    var followed = FollowedState()
  }

  private let state = Mutex(State())
  /// The counters of connections, one for each event loop.
  let counters = ConnectionCounters()

  var availability: Availability { state.withLock { $0.availability } }
  /// The number of requests in flight that were accepted before the gateway began to drain.
  var calls: Int { counters.calls }
  /// Whether a stop continues without waiting for requests in flight.
  var isHurried: Bool { state.withLock { $0.isHurried } }
  var connections: Int { counters.connections }

  /// Whether the snapshot of the last dump was taken. From then on no change is acknowledged.
  var isSealed: Bool { state.withLock { $0.isSealed } }
  func seal() { state.withLock { $0.isSealed = true } }

  /// Whether the last dump is saved. It contains every change before its snapshot, regardless of which task holds the
  /// lease now.
  var isSaved: Bool { state.withLock { $0.isSaved } }
  func markSaved() { state.withLock { $0.isSaved = true } }

  /// Whether the state is that of another task.
  var followed: FollowedState { state.withLock { $0.followed } }
  /// The changes of another task are made here from now on.
  func follow() { state.withLock { $0.followed.follow() } }
  /// The state is the newest, and this task's own from now on.
  func acceptState() { state.withLock { $0.followed.accept() } }
  /// This task lost the lease before it had the newest state, or has it.
  func endTakeOver() { state.withLock { $0.followed.endTakeOver() } }

  /// This task has the lease, and looks for the newest state.
  func beginTakeOver() {
    let now = SteadyClock.now()
    state.withLock { $0.followed.beginTakeOver(at: now) }
  }

  /// Marks the gateway as ready, because the newest dump is loaded. An earlier signal to stop stays in effect.
  ///
  /// - Parameter now: the time by the steady clock.
  func becomeReady(at now: Duration = SteadyClock.now()) {
    state.withLock { state in
      state.loadedAt = now
      if state.availability == .starting { state.availability = .ready }
    }
  }

  /// Whether the gateway became ready less than a time ago, or is not ready yet. The time that it took to load its
  /// state does not count.
  func isNew(for time: Duration, at now: Duration) -> Bool {
    guard let loadedAt = state.withLock({ $0.loadedAt }) else { return true }
    return now - loadedAt < time
  }

  /// Tells load balancers and clients to go elsewhere: the gateway is not ready any more, and each answer closes its
  /// connection. Requests are still taken.
  ///
  /// - Returns: the availability before.
  func startLeaving() -> Availability {
    let before = state.withLock { state in
      defer { state.availability = .draining }
      return state.availability
    }
    counters.leave()
    return before
  }

  /// Stops accepting requests.
  func startDraining() { counters.turnAway() }

  func hurry() { state.withLock { $0.isHurried = true } }
}
