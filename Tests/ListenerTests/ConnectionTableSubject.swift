import Model

@testable import Listener

/// A table that calls change in place, as expectations can't.
final class ConnectionTableSubject {
  private var table: ConnectionTable

  init(_ limits: ConnectionTable.Limits) {
    table = ConnectionTable(limits)
  }

  var limits: ConnectionTable.Limits { table.limits }
  var open: Int { table.open }
  func hasRoom(_ count: Int, at milliseconds: Int) -> Bool {
    table.hasRoom(for: count, now: .milliseconds(milliseconds))
  }
  var closing: Int { table.closing }

  func arrival(_ address: NetworkAddress?, _ now: Duration, isExempt: Bool = false) -> ConnectionTable.Arrival {
    table.arrive(from: address, now: now, isExempt: { _ in isExempt })
  }

  /// - Returns: the connection, or `nil` when it was refused.
  func arrive(
    _ address: NetworkAddress?, at milliseconds: Int, isExempt: Bool = false
  ) -> (id: ConnectionTable.ID, closing: ConnectionTable.ID?)? {
    switch arrival(address, .milliseconds(milliseconds), isExempt: isExempt) {
    case .admitted(let id, let closing): (id, closing)
    case .refused: nil
    }
  }

  func admits(_ address: NetworkAddress?, at milliseconds: Int) -> Bool {
    table.admit(from: address, now: .milliseconds(milliseconds), isExempt: { _ in false }) != nil
  }

  func isRefused(_ address: NetworkAddress?, at milliseconds: Int) -> Bool {
    arrive(address, at: milliseconds) == nil
  }

  func note(_ activity: ConnectionTable.Activity, of id: ConnectionTable.ID, now: Duration) -> Bool {
    table.note(activity, of: id, now: now)
  }

  func remove(_ id: ConnectionTable.ID) { table.remove(id) }
  func acceptance(now: Duration, waiting: Int = 0) -> ConnectionTable.Acceptance {
    table.acceptance(now: now, waiting: waiting)
  }
}

/// The same rules over a list that is searched from end to end.
final class PlainConnections {
  struct Connection {
    let id: ConnectionTable.ID
    let address: NetworkAddress?
    /// `nil`: it is closing.
    var activity: ConnectionTable.Activity?
    /// Milliseconds.
    var since: Int
    /// Counts changes, since several may come in one millisecond.
    var order: Int
    /// Nothing was noted of it yet.
    var isNew = true
  }

  let limits: ConnectionTable.Limits
  var connections: [Connection] = []
  private var changes = 0

  init(limits: ConnectionTable.Limits) {
    self.limits = limits
  }

  var open: [Connection] { connections.filter { $0.activity != nil } }

  private func oldest(
    _ activities: [ConnectionTable.Activity], _ age: Int, _ now: Int, of address: NetworkAddress??
  ) -> Connection? {
    let found = connections.filter { connection in
      connection.activity.map(activities.contains) == true && (address.map { $0 == connection.address } ?? true)
    }.min { $0.order < $1.order }
    return found.flatMap { now - $0.since >= age ? $0 : nil }
  }

  /// Follows an arrival.
  ///
  /// - Returns: what is wrong with it.
  func arrive(_ arrival: ConnectionTable.Arrival, _ peer: NetworkAddress?, _ now: Int) -> String? {
    let address = peer?.network
    let isLoopback = peer?.isLoopback ?? false
    var expected: Connection?
    var refusal: ConnectionTable.Refusal?
    if let share = limits.perAddress, !isLoopback, open.filter({ $0.address == address }).count >= share {
      expected = oldest([.idle], 250, now, of: .some(address))
      if expected == nil { refusal = .addressHasItsShare }
    } else if open.count >= limits.maximum {
      expected = oldest([.idle], 250, now, of: nil) ?? oldest([.sending, .taking], 5000, now, of: nil)
      if expected == nil, !isLoopback || open.count >= limits.maximum + limits.loopbackPlaces { refusal = .noPlace }
    }
    changes += 1
    switch arrival {
    case .admitted(let id, let closing):
      connections.append(Connection(id: id, address: address, activity: .idle, since: now, order: changes))
      if let index = connections.firstIndex(where: { $0.id == closing }) { connections[index].activity = nil }
      return refusal == nil && closing == expected?.id ? nil : "admitted, closing the wrong one or none"
    case .refused(let id, let reason):
      connections.append(Connection(id: id, address: address, activity: nil, since: now, order: changes))
      return refusal == reason ? nil : "refused for \(reason)"
    }
  }

  func note(_ activity: ConnectionTable.Activity, _ id: ConnectionTable.ID, _ now: Int) -> Bool {
    guard let index = connections.firstIndex(where: { $0.id == id }), connections[index].activity != nil else {
      return false
    }
    defer { connections[index].isNew = false }
    if connections[index].isNew, activity == .idle { return true }
    changes += 1
    connections[index].activity = activity
    connections[index].since = now
    connections[index].order = changes
    return true
  }
}
