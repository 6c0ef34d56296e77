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

  /// The decision about a connection that was accepted.
  struct Outcome: Sendable {
    /// `nil`: it is refused, and being closed.
    let place: ConnectionPlace?
    /// Whether nothing had to be decided: no connection is closed, and the next one may come.
    let isRoutine: Bool
  }

  fileprivate struct State {
    var table: ConnectionTable
    /// By the slots of the table.
    var places: [ConnectionPlace?] = []
    /// By event loop.
    var changes: [ObjectIdentifier: ConnectionChanges] = [:]
    var addresses = RecentAddresses()
    /// Connections that came or ended since changes were learnt.
    var unlearnt = 0
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
  /// - Parameter whenClosed: called on the connection's event loop when the connection is closed and has no place.
  func take(_ channel: any Channel, whenClosed: @escaping @Sendable () -> Void = {}) -> Outcome {
    let (id, outcome, leaving) = state.withLock { $0.take(channel, isTrustedProxy) }
    channel.closeFuture.whenComplete { _ in
      self.state.withLock { $0.forget(id) }
      whenClosed()
    }
    leaving?.closeAtOnce()
    return outcome
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

  /// Returns the counts since the last call, and starts anew.
  func collectToll() -> Toll {
    state.withLock { state in
      defer { state.toll = Toll() }
      return state.toll
    }
  }
}

extension ConnectionLimiter.State {
  /// After so many connections that came or ended, changes are learnt: they hold connections that ended in memory, and
  /// those that came stand in the way of older ones in the order of idle connections.
  private static let mostUnlearnt = 64

  /// - Returns: the connection's name in the table, the decision, and the channel that has to be closed.
  fileprivate mutating func take(
    _ channel: any Channel, _ isTrustedProxy: (NetworkAddress) -> Bool
  ) -> (ConnectionTable.ID, ConnectionLimiter.Outcome, leaving: (any Channel)?) {
    let now = SteadyClock.now()
    let peer = addresses.address(of: channel.remoteAddress)
    countUnlearnt()
    if let id = table.admit(from: peer, now: now, isExempt: isTrustedProxy) {
      let isRoutine = !table.isFull && table.acceptance(now: now) == .open
      return (id, ConnectionLimiter.Outcome(place: add(channel, peer, id), isRoutine: isRoutine), nil)
    }
    learnChanges()
    claimVictim(for: peer, now, isTrustedProxy)
    switch table.arrive(from: peer, now: now, isExempt: isTrustedProxy) {
    case .admitted(let id, let closing):
      let outcome = ConnectionLimiter.Outcome(place: add(channel, peer, id), isRoutine: false)
      guard let closing else { return (id, outcome, nil) }
      toll.closed += 1
      return (id, outcome, place(of: closing)?.channel)
    case .refused(let id, let refusal):
      switch refusal {
      case .noPlace: toll.withoutPlace += 1
      case .addressHasItsShare: toll.overShare += 1
      }
      return (id, ConnectionLimiter.Outcome(place: nil, isRoutine: false), channel)
    }
  }

  /// A connection is closed.
  fileprivate mutating func forget(_ id: ConnectionTable.ID) {
    if place(of: id) != nil { places[id.slot] = nil }
    table.remove(id)
    countUnlearnt()
    if table.isEmpty { learnChanges() }
  }

  private mutating func countUnlearnt() {
    unlearnt += 1
    if unlearnt >= Self.mostUnlearnt { learnChanges() }
  }

  private mutating func add(
    _ channel: any Channel, _ client: NetworkAddress?, _ id: ConnectionTable.ID
  ) -> ConnectionPlace {
    let loop = ObjectIdentifier(channel.eventLoop)
    let changes = changes[loop] ?? ConnectionChanges()
    self.changes[loop] = changes
    let place = ConnectionPlace(id: id, channel: channel, client: client, changes: changes)
    while places.count <= id.slot { places.append(nil) }
    places[id.slot] = place
    return place
  }

  private func place(of id: ConnectionTable.ID) -> ConnectionPlace? {
    guard places.indices.contains(id.slot), let place = places[id.slot], place.id == id else { return nil }
    return place
  }

  /// Tells the table what connections did since the last call, in the order of time.
  fileprivate mutating func learnChanges() {
    unlearnt = 0
    var changed: [(id: ConnectionTable.ID, note: ConnectionPlace.Note)] = []
    for changes in changes.values {
      for place in changes.take() where table.holds(place.id) {
        if let note = place.takeChange() { changed.append((place.id, note)) }
      }
    }
    for (id, note) in changed.sorted(by: { $0.note.since < $1.note.since }) { learn(note, of: id) }
  }

  private mutating func learn(_ note: ConnectionPlace.Note, of id: ConnectionTable.ID) {
    // It is no new connection any more, even if it is idle again.
    if note.hasWorked, note.activity == .idle { _ = table.note(.answering, of: id, now: note.since) }
    _ = table.note(note.activity, of: id, now: note.since)
  }

  /// Makes sure that the connection that the table would close for a new one begins no request any more.
  private mutating func claimVictim(
    for peer: NetworkAddress?, _ now: Duration, _ isTrustedProxy: (NetworkAddress) -> Bool
  ) {
    while let victim = table.victim(for: peer, now: now, isExempt: isTrustedProxy), let place = place(of: victim),
      let note = place.close()
    {
      learn(note, of: victim)
    }
  }
}
