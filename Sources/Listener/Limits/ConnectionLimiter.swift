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

  fileprivate struct State {
    var table: ConnectionTable
    var places: [ConnectionTable.ID: ConnectionPlace] = [:]
    var placesOfChannels: [ObjectIdentifier: ConnectionPlace] = [:]
    /// By event loop.
    var changes: [ObjectIdentifier: ConnectionChanges] = [:]
    /// Connections that ended since changes were learnt, which may hold them in memory.
    var ended = 0
    var toll = Toll()
  }

  /// So many connections that ended may be held in memory until a new one comes.
  private static let mostEnded = 64

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
      let now = SteadyClock.now()
      state.learnChanges()
      state.claimVictim(for: peer, now, isTrustedProxy)
      switch state.table.arrive(from: peer, now: now, isExempt: isTrustedProxy) {
      case .admitted(let id, let closing):
        state.add(channel, id)
        guard let closing else { return (id, nil) }
        state.toll.closed += 1
        return (id, state.places[closing]?.channel)
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
    leaving?.closeAtOnce()
    return leaving !== channel
  }

  var isFull: Bool { state.withLock { $0.table.isFull } }

  /// Whether so many new connections can come without a decision between any two of them.
  func hasRoom(for count: Int) -> Bool {
    state.withLock { $0.table.hasRoom(for: count, now: SteadyClock.now()) }
  }

  /// - Parameter waiting: connections in the kernel's queue.
  func acceptance(waiting: Int) -> ConnectionTable.Acceptance {
    state.withLock { state in
      if state.table.isFull { state.learnChanges() }
      return state.table.acceptance(now: SteadyClock.now(), waiting: waiting)
    }
  }

  /// The place of a connection that was taken.
  func place(of channel: any Channel) -> ConnectionPlace? {
    state.withLock { $0.placesOfChannels[ObjectIdentifier(channel)] }
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
      state.places[id] = nil
      let channel = ObjectIdentifier(channel)
      if state.placesOfChannels[channel]?.id == id { state.placesOfChannels[channel] = nil }
      state.table.remove(id)
      state.ended += 1
      if state.ended >= Self.mostEnded || state.places.isEmpty { state.learnChanges() }
    }
  }
}

extension ConnectionLimiter.State {
  fileprivate mutating func add(_ channel: any Channel, _ id: ConnectionTable.ID) {
    let loop = ObjectIdentifier(channel.eventLoop)
    let changes = changes[loop] ?? ConnectionChanges()
    self.changes[loop] = changes
    let place = ConnectionPlace(id: id, channel: channel, changes: changes)
    places[id] = place
    placesOfChannels[ObjectIdentifier(channel)] = place
  }

  /// Tells the table what connections did since the last call, in the order of time.
  fileprivate mutating func learnChanges() {
    ended = 0
    let changed = changes.values.flatMap { $0.take() }
      .compactMap { place in place.takeChange().map { (id: place.id, note: $0) } }
    for (id, note) in changed.sorted(by: { $0.note.since < $1.note.since }) { learn(note, of: id) }
  }

  private mutating func learn(_ note: ConnectionPlace.Note, of id: ConnectionTable.ID) {
    // It is no new connection any more, even if it is idle again.
    if note.hasWorked, note.activity == .idle { _ = table.note(.answering, of: id, now: note.since) }
    _ = table.note(note.activity, of: id, now: note.since)
  }

  /// Makes sure that the connection that the table would close for a new one begins no request any more.
  fileprivate mutating func claimVictim(
    for peer: NetworkAddress?, _ now: Duration, _ isTrustedProxy: (NetworkAddress) -> Bool
  ) {
    while let victim = table.victim(for: peer, now: now, isExempt: isTrustedProxy), let place = places[victim],
      let note = place.close()
    {
      learn(note, of: victim)
    }
  }
}
