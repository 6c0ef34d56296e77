import Model

/// Decides who may hold a connection: takes new ones, names those that must go for them, and says when to accept
/// again.
///
/// A value. Time is a parameter, by a steady clock.
package struct ConnectionTable: Sendable {
  private enum Phase: Sendable {
    case free
    /// It came, and whether its request came along is not known yet.
    case new(since: Duration)
    case idle(since: Duration)
    /// The client has to go on: with its request, or to take its answer.
    case slow(since: Duration)
    case answering
    case closing
  }

  private struct Entry: Sendable {
    var generation = 0
    var phase = Phase.free
    /// The number of its address in `holdings`.
    var address = 0
  }

  /// Between two looks while connections wait in the kernel's queue.
  private static let shortRecheck = Duration.milliseconds(5)

  let limits: Limits
  private var entries: [Entry] = []
  private var free: [Int] = []
  private var all = SlotChain()
  private var idle = SlotChain.Ends()
  private var slow = SlotChain.Ends()
  private var ofAddress = SlotChain()
  private var holdings = AddressHoldings()
  private var paceEnd = Duration.zero
  private var paceCount = 0
  private var waiting = 0

  /// Connections that have a place.
  private(set) var open = 0
  var isFull: Bool { open >= limits.maximum }
  var isEmpty: Bool { open == 0 && closing == 0 }

  /// Whether so many new connections can come without a decision between any two of them.
  func hasRoom(for count: Int, now: Duration) -> Bool {
    open + count <= limits.maximum && open + closing + count <= limits.descriptors && (now >= paceEnd || paceCount == 0)
  }

  /// Connections that were told to close and are not closed yet.
  private(set) var closing = 0

  init(_ limits: Limits) {
    self.limits = limits
  }

  /// Takes a new connection if there is room, so that what the others do does not matter.
  ///
  /// - Parameter isExempt: whether its address may hold any number; asked only when it holds its share.
  mutating func admit(from peer: NetworkAddress?, now: Duration, isExempt: (NetworkAddress) -> Bool) -> ID? {
    guard !isFull, case .room = choice(for: peer, now, isExempt) else { return nil }
    return add(peer?.network, openSince: now)
  }

  /// Takes a new connection, or refuses it.
  ///
  /// - Parameter isExempt: whether its address may hold any number; asked only when it holds its share.
  mutating func arrive(
    from peer: NetworkAddress?, now: Duration, isExempt: (NetworkAddress) -> Bool
  ) -> Arrival {
    let victim: Int?
    switch choice(for: peer, now, isExempt) {
    case .room: victim = nil
    case .closing(let slot): victim = slot
    case .refusal(let refusal): return .refused(add(closingAt: now), refusal)
    }
    let closing = victim.map { ID(slot: $0, generation: entries[$0].generation) }
    if let victim {
      leave(victim)
      count(now)
      entries[victim].phase = .closing
      self.closing += 1
    }
    return .admitted(add(peer?.network, openSince: now), closing: closing)
  }

  /// The connection that `arrive` would close for a new one at this time, if any.
  func victim(for peer: NetworkAddress?, now: Duration, isExempt: (NetworkAddress) -> Bool) -> ID? {
    guard case .closing(let slot) = choice(for: peer, now, isExempt) else { return nil }
    return ID(slot: slot, generation: entries[slot].generation)
  }

  /// Notes what a connection does from now on.
  ///
  /// - Returns: `false` when it was told to close: then no request of it may begin.
  mutating func note(_ activity: Activity, of id: ID, now: Duration) -> Bool {
    guard holds(id) else { return false }
    switch entries[id.slot].phase {
    case .closing: return false
    case .new(let since) where activity == .idle:
      // It was idle all the time, and keeps its place in the lists: event loops note the silence of their connections
      // late, and in any order.
      entries[id.slot].phase = .idle(since: since)
    default:
      unlist(id.slot)
      list(id.slot, activity, now)
    }
    return true
  }

  /// Whether a connection came and is not closed yet.
  func holds(_ id: ID) -> Bool {
    guard entries.indices.contains(id.slot), entries[id.slot].generation == id.generation else { return false }
    if case .free = entries[id.slot].phase { return false }
    return true
  }

  /// A connection is closed, for whatever reason, and its descriptor is free.
  mutating func remove(_ id: ID) {
    guard holds(id) else { return }
    if case .closing = entries[id.slot].phase { closing -= 1 } else { leave(id.slot) }
    entries[id.slot] = Entry(generation: id.generation + 1)
    free.append(id.slot)
  }

  /// Whether the next connection may be accepted now.
  ///
  /// - Parameter waiting: connections in the kernel's queue; it counts until the next call.
  mutating func acceptance(now: Duration, waiting: Int = 0) -> Acceptance {
    self.waiting = waiting
    let recheck = now + (waiting > 0 ? Self.shortRecheck : limits.paceInterval)
    // A connection that is told to close is closed within a turn of its event loop.
    guard open + closing < limits.descriptors else { return .paused(until: recheck) }
    guard now >= paceEnd || paceCount < limits.pace else { return .paused(until: paceEnd) }
    guard isFull, closable(now) == nil else { return .open }
    // A new connection is worth waiting for its grace. Who sends or is answered may take long, and probes on loopback
    // do not wait for that.
    if let first = idle.first, let end = graceEnd(first) {
      // A new one soon turns out to be silent, which cuts its grace.
      if waiting > 0, case .new = entries[first].phase { return .paused(until: recheck) }
      return .paused(until: max(recheck, end))
    }
    return open < limits.maximum + limits.loopbackPlaces ? .open : .paused(until: recheck)
  }
}

extension ConnectionTable {
  private enum Choice {
    case room
    case closing(Int)
    case refusal(Refusal)
  }

  /// Whether there is room for a new connection, and which one has to go if there is not.
  private func choice(
    for peer: NetworkAddress?, _ now: Duration, _ isExempt: (NetworkAddress) -> Bool
  ) -> Choice {
    let isLoopback = peer?.isLoopback ?? false
    if let bound = limits.perAddress, !isLoopback {
      let holding = holdings.holding(of: peer?.network)
      if (holding?.count ?? 0) >= bound, peer.map(isExempt) != true {
        guard let holding, let first = holdings.idle[holding.number].first, isClosable(first, now) else {
          return .refusal(.addressHasItsShare)
        }
        return .closing(first)
      }
    }
    guard isFull else { return .room }
    if let victim = closable(now) { return .closing(victim) }
    let reserve = isLoopback ? limits.loopbackPlaces : 0
    return open < limits.maximum + reserve ? .room : .refusal(.noPlace)
  }

  /// The connection to close for a new one: the one that has been idle longest, else the one whose client has taken
  /// longest over its request or the answer. Never one whose answer is still being made.
  private func closable(_ now: Duration) -> Int? {
    if let first = idle.first, isClosable(first, now) { return first }
    if let first = slow.first, isClosable(first, now) { return first }
    return nil
  }

  private func isClosable(_ slot: Int, _ now: Duration) -> Bool {
    graceEnd(slot).map { now >= $0 } ?? false
  }

  /// From when on a connection can be closed for a new one.
  private func graceEnd(_ slot: Int) -> Duration? {
    switch entries[slot].phase {
    case .new(let since): since + limits.grace
    case .idle(let since): since + shortened(limits.grace)
    case .slow(let since): since + shortened(limits.slowRequest)
    case .answering, .closing, .free: nil
    }
  }

  /// A time that a connection may keep its place, cut so that those that wait get theirs within the patience.
  private func shortened(_ time: Duration) -> Duration {
    waiting > 0 ? min(time, limits.patience * limits.maximum / waiting) : time
  }

  private mutating func add(_ address: NetworkAddress?, openSince now: Duration) -> ID {
    let id = slot()
    open += 1
    entries[id.slot].address = holdings.add(address)
    list(id.slot, .idle, now)
    entries[id.slot].phase = .new(since: now)
    return id
  }

  private mutating func add(closingAt now: Duration) -> ID {
    let id = slot()
    entries[id.slot].phase = .closing
    closing += 1
    count(now)
    return id
  }

  private mutating func slot() -> ID {
    let slot = free.popLast() ?? entries.count
    if slot == entries.count { entries.append(Entry()) }
    return ID(slot: slot, generation: entries[slot].generation)
  }

  /// Puts a connection that has a place into the lists of what it does.
  private mutating func list(_ slot: Int, _ activity: Activity, _ now: Duration) {
    switch activity {
    case .idle:
      entries[slot].phase = .idle(since: now)
      let address = entries[slot].address
      // The change is known late, and others may have come meanwhile.
      let last = lastIdle(in: all, idle, since: now)
      all.insert(slot, behind: last, in: &idle)
      let lastOfAddress = lastIdle(in: ofAddress, holdings.idle[address], since: now)
      ofAddress.insert(slot, behind: lastOfAddress, in: &holdings.idle[address])
    case .sending, .taking:
      entries[slot].phase = .slow(since: now)
      all.append(slot, to: &slow)
    case .answering:
      entries[slot].phase = .answering
    }
  }

  /// The last in a list of idle connections that has been idle as long as one that is idle since a time, or longer.
  private func lastIdle(in chain: SlotChain, _ ends: SlotChain.Ends, since time: Duration) -> Int? {
    var slot = ends.last
    while let last = slot {
      switch entries[last].phase {
      case .new(let since) where since > time, .idle(let since) where since > time: slot = chain.slot(before: last)
      default: return last
      }
    }
    return nil
  }

  private mutating func unlist(_ slot: Int) {
    switch entries[slot].phase {
    case .new, .idle:
      let address = entries[slot].address
      all.remove(slot, from: &idle)
      ofAddress.remove(slot, from: &holdings.idle[address])
    case .slow: all.remove(slot, from: &slow)
    case .answering, .closing, .free: break
    }
  }

  /// Takes a connection that has a place out of all lists and counts.
  private mutating func leave(_ slot: Int) {
    unlist(slot)
    open -= 1
    holdings.remove(entries[slot].address)
  }

  private mutating func count(_ now: Duration) {
    if now >= paceEnd {
      paceEnd = now + limits.paceInterval
      paceCount = 0
    }
    paceCount += 1
  }
}
