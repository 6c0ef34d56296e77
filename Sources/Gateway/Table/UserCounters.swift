import JSON
import RateLimiting

/// The calls and bytes that count against a user's limits.
final class UserCounters: Sendable {
  let rate = WindowCounter()
  let throttle = WindowCounter()
  let bandwidth = WindowSum()

  func counter(_ kind: CounterKey.Kind) -> any SharedCounter {
    switch kind {
    case .rate: rate
    case .throttle: throttle
    case .bandwidth: bandwidth
    }
  }

  /// Forgets calls; the bytes stay.
  func clearCalls() {
    rate.clear()
    throttle.clear()
  }

  /// Whether nothing counts any more.
  ///
  /// - Parameter now: Unix seconds.
  func isOver(now: Int) -> Bool { rate.isOver(now: now) && throttle.isOver(now: now) && bandwidth.isOver(now: now) }
}

/// The counters of users by their names. A user that is deleted and created anew goes on with its counters.
///
/// Counters that nobody holds are given up when their windows have ended, and those of deleted users also when there
/// are too many of them. Each new user looks at a few of the others, so that no call waits for a look at all.
struct UserCounterTable: Sendable {
  private struct Slot: Sendable {
    let name: UTF8Key
    var counters: UserCounters
  }

  /// Deleted users whose counters are kept while their windows last.
  static let mostDeleted = 65_536
  /// The slots that a new user looks at. More than one, so that the table shrinks.
  private static let looks = 4

  private var slots: [Slot] = []
  private var places: [UTF8Key: Int] = [:]
  /// The slot that is looked at next.
  private var hand = 0

  /// The number of users with counters.
  var count: Int { slots.count }

  /// All counters, in no order.
  var all: [UserCounters] { slots.map(\.counters) }

  /// All counters with their users, in no order.
  var named: [(UTF8Key, UserCounters)] { slots.map { ($0.name, $0.counters) } }

  /// The counters before a place, at most as many as asked for. Counters move to lower places only, so looks from the
  /// end to the beginning miss none.
  func named(before end: Int, count: Int) -> [(UTF8Key, UserCounters)] {
    let end = min(end, slots.count)
    return slots[max(0, end - count)..<max(0, end)].map { ($0.name, $0.counters) }
  }

  /// The counters from a place on, at most as many as asked for.
  func named(from place: Int, count: Int) -> [(UTF8Key, UserCounters)] {
    let place = min(place, slots.count)
    return slots[place..<min(place + count, slots.count)].map { ($0.name, $0.counters) }
  }

  /// The counters of a user, or `nil` when nothing of it counts.
  func counters(of name: UTF8Key) -> UserCounters? { places[name].map { slots[$0].counters } }

  /// The counters of a user, which are made when there are none.
  ///
  /// - Parameters:
  ///   - now: Unix seconds.
  ///   - users: the number of users that there are.
  ///   - isUser: whether there is a user of a name.
  mutating func counters(
    for name: UTF8Key, now: Int, users: Int, isUser: (UTF8Key) -> Bool
  ) -> UserCounters {
    if let present = counters(of: name) { return present }
    for _ in 0..<Self.looks where !slots.isEmpty { look(now: now, users: users, isUser) }
    let counters = UserCounters()
    places[name] = slots.count
    slots.append(Slot(name: name, counters: counters))
    return counters
  }

  private mutating func look(now: Int, users: Int, _ isUser: (UTF8Key) -> Bool) {
    if hand >= slots.count { hand = 0 }
    let isHeld = !isKnownUniquelyReferenced(&slots[hand].counters)
    let slot = slots[hand]
    let isNeeded =
      isHeld || !slot.counters.isOver(now: now) && (slots.count <= users + Self.mostDeleted || isUser(slot.name))
    guard !isNeeded else { return hand += 1 }
    places[slot.name] = nil
    let last = slots.removeLast()
    guard hand < slots.count else { return }
    slots[hand] = last
    places[last.name] = hand
  }
}
