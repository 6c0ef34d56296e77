/// The amounts that a holder moves between itself and one standby, by one report.
struct ShareMoves {
  /// Unix seconds.
  let now: Int
  /// That which the holder may use.
  let remaining: ShareAccount
  /// Whether the standby is the only one.
  let isPair: Bool
  let counters: any CounterSource
  private(set) var entries: [ShareEntry] = []
  private var size = 0
  private var seen: Set<CounterKey> = []

  init(now: Int, remaining: ShareAccount, isPair: Bool, counters: any CounterSource) {
    (self.now, self.remaining, self.isPair, self.counters) = (now, remaining, isPair, counters)
  }

  /// The windows in which a counter of short windows counts as used.
  private static let recent: UInt64 = 3

  /// Takes what the standby says it has, and moves what it needs.
  mutating func take(_ lines: [ShareReport.Line], _ member: inout ShareMember) {
    for line in lines {
      let entry = line.entry
      let present = Window.number(of: entry.window, now)
      let isLasting = entry.window <= Adjustment.longestLasting
      // The windows of the standby are never ahead; an older window is over.
      guard entry.number <= present, isLasting ? entry.number + Self.recent >= present : entry.number == present else {
        continue
      }
      guard seen.insert(entry.key).inserted else { continue }
      let counter = counters.counter(entry.key)
      let use = counter.use()
      if use.number != present { counter.note(entry) }
      guard let own = use.adjustment.amount(in: present, window: entry.window), own > Adjustment.least else { continue }
      // The standby has exactly this: it took no answer that is still on its way.
      let before = member.bound(entry.key, number: entry.number, window: entry.window)
      let amount = own + before - entry.amount
      if amount != own { counter.adjust(amount, number: present, window: entry.window) }
      note(entry.amount, of: entry, present, &member)
      let start = Int(present) * entry.window
      let half = member.value(of: entry.limit, windowStart: start)
      let allowed = min(entry.limit, max(0, half + entry.amount * counter.unit))
      let wanted = ShareRule.allowed(
        holder: side(use, counter, amount, limit: entry.limit, window: entry.window, start),
        standby: .init(allowed: allowed, used: line.used, isShort: line.isShort),
        limit: entry.limit, window: entry.window, half: half, isPair: isPair)
      let target = Self.amount(for: wanted, half: half, unit: counter.unit)
      move(from: entry.amount, to: target, of: entry, present, counter, own: amount, limit: entry.limit, &member)
    }
  }

  /// Asks the standby for what this task needs of counters that it did not report.
  mutating func wish(_ member: inout ShareMember) {
    var wishes: [(entry: ShareEntry, isShort: Bool)] = []
    // The standby has half of a message for what it is asked about.
    var room = min(ShareMessage.entryBytes - size, ShareMessage.entryBytes / 2)
    let asked = member
    member.place = counters.forEach(from: member.place, atMost: ShareMessage.looks) { counter, key in
      guard let (entry, isShort) = wish(counter, key, asked) else { return true }
      room -= entry.size + ShareReport.Line.overhead
      guard room >= 0 else { return false }
      wishes.append((entry, isShort))
      return true
    }
    for wish in wishes.sorted(by: { $0.isShort && !$1.isShort }) { append(wish.entry) }
  }

  /// The amount of a counter that the standby should have, if this task needs some of what it has.
  private func wish(
    _ counter: any SharedCounter, _ key: () -> CounterKey, _ member: ShareMember
  ) -> (entry: ShareEntry, isShort: Bool)? {
    let use = counter.use()
    guard use.window > 0 else { return nil }
    let present = Window.number(of: use.window, now)
    let isLasting = use.window <= Adjustment.longestLasting
    let start = Int(present) * use.window
    guard let own = use.adjustment.amount(in: present, window: use.window) else { return nil }
    let side = side(use, counter, own, limit: use.limit, window: use.window, start)
    guard isLasting ? side.isShort : side.isShort || side.used >= side.left, side.isActive else { return nil }
    let key = key()
    guard !seen.contains(key) else { return nil }
    let half = member.value(of: use.limit, windowStart: start)
    let bound = member.bound(key, number: present, window: use.window)
    let allowed = min(use.limit, max(0, half + bound * counter.unit))
    let wanted = ShareRule.allowed(
      holder: side, standby: .init(allowed: allowed, used: 0, isShort: false), limit: use.limit, window: use.window,
      half: half, isPair: isPair)
    let target = Self.amount(for: wanted, half: half, unit: counter.unit)
    guard target < bound else { return nil }
    return (
      ShareEntry(key: key, window: use.window, number: present, limit: use.limit, amount: target), side.isShort
    )
  }

  private func side(
    _ use: CounterUse, _ counter: any SharedCounter, _ amount: Int, limit: Int, window: Int, _ start: Int
  ) -> ShareRule.Side {
    let allowed = min(limit, max(0, remaining.value(of: limit, windowStart: start) + amount * counter.unit))
    let number = UInt64(start / window)
    guard use.window == window else { return .init(allowed: allowed, used: 0, isShort: false) }
    guard window <= Adjustment.longestLasting else {
      return .init(allowed: allowed, used: use.used(in: number), isShort: use.refusedIn == number)
    }
    return .init(
      allowed: allowed, used: use.number + Self.recent >= number ? use.used : 0,
      isShort: use.refusedIn + Self.recent >= number)
  }

  /// The amount that lets a standby count so much. It is rounded towards nothing, so that no more moves than there is.
  private static func amount(for allowed: Int, half: Int, unit: Int) -> Int { (allowed - half) / unit }

  private mutating func move(
    from amount: Int, to target: Int, of entry: ShareEntry, _ number: UInt64, _ counter: any SharedCounter, own: Int,
    limit: Int, _ member: inout ShareMember
  ) {
    guard target != amount, hasRoom(for: entry) else { return }
    var granted = target
    if target > amount {
      let least = max(own - (target - amount), Adjustment.least + 1)
      let start = Int(number) * entry.window
      let value = remaining.value(of: limit, windowStart: start)
      let kept = counter.lower(to: least, atMost: own, of: value, number: number, window: entry.window)
      granted = amount + own - kept
      guard granted > amount else { return }
      note(granted, of: entry, number, &member)
    }
    append(ShareEntry(key: entry.key, window: entry.window, number: number, limit: limit, amount: granted))
  }

  private func note(_ amount: Int, of entry: ShareEntry, _ number: UInt64, _ member: inout ShareMember) {
    member.bounds[entry.key] =
      amount == 0 ? nil : .init(window: entry.window, number: number, amount: amount)
  }

  private func hasRoom(for entry: ShareEntry) -> Bool { size + entry.size <= ShareMessage.entryBytes }

  private mutating func append(_ entry: ShareEntry) {
    guard hasRoom(for: entry) else { return }
    entries.append(entry)
    size += entry.size
  }
}
