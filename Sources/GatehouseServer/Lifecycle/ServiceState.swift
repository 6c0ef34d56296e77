import Platform
import Synchronization

/// The gateway's availability and its number of requests in flight, shared between connections and lifecycle.
final class ServiceState: Sendable {
  private struct State {
    var availability = Availability.starting
    /// The number of requests in flight that were accepted before the gateway began to drain.
    var calls = 0
    var isHurried = false
    var connections = 0
    var isSealed = false
    var isSaved = false
  }

  private let state = Mutex(State())

  var availability: Availability { state.withLock { $0.availability } }
  var calls: Int { state.withLock { $0.calls } }
  /// Whether a stop continues without waiting for requests in flight.
  var isHurried: Bool { state.withLock { $0.isHurried } }
  var connections: Int { state.withLock { $0.connections } }

  /// Whether the snapshot of the last dump was taken. From then on no change is acknowledged.
  var isSealed: Bool { state.withLock { $0.isSealed } }
  func seal() { state.withLock { $0.isSealed = true } }

  /// Whether the last dump is saved. It contains every change before its snapshot, regardless of which task holds the
  /// lease now.
  var isSaved: Bool { state.withLock { $0.isSaved } }
  func markSaved() { state.withLock { $0.isSaved = true } }

  /// Marks the gateway as ready, because the newest dump is loaded. An earlier signal to stop stays in effect.
  func becomeReady() {
    state.withLock { if $0.availability == .starting { $0.availability = .ready } }
  }

  /// Stops accepting requests.
  ///
  /// - Returns: the availability before.
  func startDraining() -> Availability {
    state.withLock { state in
      defer { state.availability = .draining }
      return state.availability
    }
  }

  func hurry() { state.withLock { $0.isHurried = true } }

  /// Counts a request that begins.
  ///
  /// - Returns: whether the request counts. A request that arrives while the gateway drains is refused and does not
  ///   delay the stop.
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
