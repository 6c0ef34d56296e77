import Clocks
package import Model
import NIOCore
import Synchronization

/// The connections of the server and their table: acts on what the table decides.
package final class ConnectionLimiter: Sendable {
  /// Connections that the limits closed since the last call of `collectToll`.
  struct Toll: Sendable, Equatable {
    /// Idle or slow connections that were closed for new ones.
    var closed = 0
    /// New ones that were closed since there was no place.
    var withoutPlace = 0
    /// New ones that were closed since their address held its share.
    var overShare = 0
  }

  private struct State {
    var table: ConnectionTable
    var channels: [ConnectionTable.ID: any Channel] = [:]
    var places: [ObjectIdentifier: ConnectionTable.ID] = [:]
    var toll = Toll()
  }

  private let state: Mutex<State>
  private let isTrustedProxy: @Sendable (NetworkAddress) -> Bool

  /// A server without connections.
  ///
  /// - Parameter isTrustedProxy: such an address speaks for many, so it has no share of its own.
  package init(_ limits: ConnectionTable.Limits, isTrustedProxy: @escaping @Sendable (NetworkAddress) -> Bool) {
    state = Mutex(State(table: ConnectionTable(limits)))
    self.isTrustedProxy = isTrustedProxy
  }

  /// Takes a connection that was accepted, or refuses it. Closes it, or another one for it, as the table decides.
  ///
  /// - Returns: whether it was taken.
  func take(_ channel: any Channel) -> Bool {
    let peer = channel.remoteAddress?.ipAddress.flatMap(NetworkAddress.init)
    let (id, leaving) = state.withLock { state -> (ConnectionTable.ID, (any Channel)?) in
      switch state.table.arrive(from: peer, now: SteadyClock.now(), isExempt: isTrustedProxy) {
      case .admitted(let id, let closing):
        state.channels[id] = channel
        state.places[ObjectIdentifier(channel)] = id
        guard let closing else { return (id, nil) }
        state.toll.closed += 1
        return (id, state.channels[closing])
      case .refused(let id, let refusal):
        switch refusal {
        case .noPlace: state.toll.withoutPlace += 1
        case .addressHasItsShare: state.toll.overShare += 1
        }
        return (id, channel)
      }
    }
    // The closure keeps the channel, so its identity is not another's before it is forgotten here.
    channel.closeFuture.whenComplete { _ in self.forget(channel, id) }
    leaving?.close(promise: nil)
    return leaving !== channel
  }

  var isFull: Bool { state.withLock { $0.table.isFull } }

  /// - Parameter waiting: connections in the kernel's queue.
  func acceptance(waiting: Int) -> ConnectionTable.Acceptance {
    state.withLock { $0.table.acceptance(now: SteadyClock.now(), waiting: waiting) }
  }

  /// The place of a connection that was taken.
  func place(of channel: any Channel) -> ConnectionTable.ID? {
    state.withLock { $0.places[ObjectIdentifier(channel)] }
  }

  /// - Returns: `false` when the connection is being closed for another one: no request of it may begin.
  func note(_ activity: ConnectionTable.Activity, of id: ConnectionTable.ID) -> Bool {
    state.withLock { $0.table.note(activity, of: id, now: SteadyClock.now()) }
  }

  /// Returns the counts since the last call, and starts anew.
  func collectToll() -> Toll {
    state.withLock { state in
      defer { state.toll = Toll() }
      return state.toll
    }
  }

  private func forget(_ channel: any Channel, _ id: ConnectionTable.ID) {
    state.withLock { state in
      state.channels[id] = nil
      if state.places[ObjectIdentifier(channel)] == id { state.places[ObjectIdentifier(channel)] = nil }
      state.table.remove(id)
    }
  }
}
