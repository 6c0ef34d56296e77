/// The share that a standby has, and its conversation with the holder.
struct ShareStandby {
  /// Random; each share has its own.
  var session: UInt64 = 0
  var holder: UInt64 = 0
  var sequence: UInt64 = 0
  /// When the last report was made, by the steady clock, or `nil` after its answer came.
  var sentAt: Int?
  /// The transfer that is in force, or 0.
  var transfer: UInt32 = 0
  /// The place at which the next look for counters that are used begins.
  var place = 0
  /// Whether this task ever had a share.
  var wasJoined = false
  var incoming = SharePages()
  /// The end of the share of the incoming transfer.
  var incomingFence = 0
  /// The counters whose amounts the holder waits for.
  var asked: [CounterKey: Int] = [:]
  /// Whether the holder left everything to this task.
  var hasLegacy = false
  var hasInherited = false
  /// Whether the next report is the first that says so.
  var owesWord = false
  var legacyFence = 0
  /// That which this task returns, when it stops.
  var returning: [SharePage] = []
  var returned = 0

  /// That which this task brings from the share of the holder before.
  var bringing: [ShareState.Brought] = []
  var brought = 0
  /// That which stays here of it, because it was used.
  var kept: [ShareEntry] = []

  var pagesLeft: Int { returning.count - returned }

  /// The pages to come, a word to the holder that all it left is here, or the messages of what this task brings.
  var messagesLeft: Int { incoming.left > 0 ? incoming.left + 1 : owesWord ? 1 : bringing.count - brought }
}

extension ShareState {
  /// The longest time from a report to its answer, in nanoseconds. A later one tells too little about the time.
  private static let patience = 2_000_000_000
  /// The difference of clocks, in nanoseconds, that ends a share.
  private static let jump = 2_000_000_000

  /// The next report. An answer to an older one does not count any more.
  mutating func report() -> ShareReport? {
    guard role == .standby, !(isClosed && standby.pagesLeft == 0) else { return nil }
    activate()
    finishLegacy()
    standby.sequence += 1
    standby.owesWord = false
    let stage: ShareReport.Stage = isClosed ? .leaving : standby.transfer > 0 ? .sharing : .joining
    // While pages come or go, nothing else moves.
    let isMoving = stage != .sharing || standby.incoming.first != nil
    let brought = isMoving || standby.bringing.isEmpty ? nil : standby.bringing[standby.brought]
    let lines = if isMoving { [ShareReport.Line]() } else if let brought { brought.lines } else { lines() }
    standby.sentAt = steady()
    return ShareReport(
      session: standby.session, holder: standby.holder, sequence: standby.sequence, stage: stage,
      transfer: standby.transfer, incoming: standby.incoming.first?.transfer ?? 0, pages: standby.incoming.received,
      clears: clears, page: isClosed ? standby.returning[standby.returned] : brought?.page,
      lines: lines)
  }

  /// Takes the answer to the last report.
  mutating func take(_ answer: ShareAnswer) {
    guard role == .standby, let sentAt = standby.sentAt, answer.session == standby.session,
      answer.sequence == standby.sequence
    else { return }
    // Another holder than before does not know this share, and says so.
    let isUnknown = answer.content == .unknown
    guard isUnknown || standby.holder == 0 || answer.holder == standby.holder else { return }
    if isClosed {
      standby.sentAt = nil
      return takeReturned(answer.content)
    }
    if isUnknown {
      // It is not known to the new holder yet that the one before left everything to this task.
      guard !standby.hasLegacy else { return }
      note(clears: answer.clears)
      return startAnew()
    }
    let arrival = steady()
    if case .legacy(let page) = answer.content {
      standby.sentAt = nil
      return takeLegacy(page, answer)
    }
    guard arrival - sentAt <= Self.patience else { return }
    standby.sentAt = nil
    note(clears: answer.clears)
    guard follow(answer.time, sentAt: sentAt, arrival: arrival) else { return startAnew() }
    switch answer.content {
    case .unknown, .legacy: return
    case .returned(let pages):
      fence = answer.fence
      publish()
      noteBrought(pages)
    case .page(let page):
      standby.holder = answer.holder
      standby.incoming.take(page)
      standby.incomingFence = answer.fence
      activate()
    case .amounts(let entries):
      standby.asked = [:]
      fence = answer.fence
      publish()
      // The holder does not take what this task brings.
      forgetBringing()
      take(entries)
    }
  }

  /// Takes a page of what the holder leaves to this task. It says nothing about the time, so it may be late.
  private mutating func takeLegacy(_ page: SharePage, _ answer: ShareAnswer) {
    note(clears: answer.clears)
    guard !standby.hasLegacy, !standby.hasInherited else { return }
    standby.incoming.take(page)
    guard standby.incoming.isComplete else { return }
    (standby.hasLegacy, standby.owesWord) = (true, true)
    standby.legacyFence = answer.fence
    finishLegacy()
  }

  /// Begins another share. What is left of the present one stays until the other is there.
  private mutating func startAnew() {
    var next = ShareStandby(session: random())
    next.wasJoined = standby.wasJoined
    standby = next
  }

  /// Takes the holder's time. It was between the moments of this task's clock.
  ///
  /// - Returns: false when this task's time was another one, so that nothing it counted can be compared.
  private mutating func follow(_ time: Int, sentAt: Int, arrival: Int) -> Bool {
    let (low, high) = (time - arrival, time - sentAt)
    guard case .steady(let offset) = clock else {
      clock = .steady(offset: low)
      return true
    }
    clock = .steady(offset: min(max(offset, low), high))
    guard abs(offset - low) > Self.jump, standby.transfer > 0 else { return true }
    account = .nothing
    publish()
    return false
  }

  /// Begins to use a share whose pages are complete, when the second has ended in which the holder had everything.
  private mutating func activate() {
    guard !isClosed, standby.incoming.isComplete, !standby.hasLegacy, !standby.hasInherited,
      let page = standby.incoming.first,
      now > page.closedAt
    else { return }
    let entries = standby.incoming.entries
    standby.incoming = SharePages()
    if page.from == .min {
      // That which was given and got before belongs to another share.
      giveUpOldShare()
    } else {
      counters.endLastingAdjustments(now: now)
    }
    for entry in entries {
      let counter = counters.counter(entry.key)
      counter.note(entry)
      counter.adjust(entry.amount, number: entry.number, window: entry.window)
    }
    (account, fence) = (page.account, standby.incomingFence)
    (standby.transfer, standby.wasJoined, standby.asked) = (page.transfer, true, [:])
    publish()
  }

  // MARK: Counters

  /// Takes the amounts of counters. An amount below the present one is a wish: what was counted stays.
  private mutating func take(_ entries: [ShareEntry]) {
    let now = now
    for entry in entries {
      let present = Window.number(of: entry.window, now)
      let isLasting = entry.window <= Adjustment.longestLasting
      guard entry.number <= present, isLasting || entry.number == present else { continue }
      let counter = counters.counter(entry.key)
      counter.note(entry)
      let use = counter.use()
      guard let amount = use.adjustment.amount(in: present, window: entry.window) else { continue }
      standby.asked[entry.key] = entry.window
      guard entry.amount < amount else {
        if entry.amount > amount { counter.adjust(entry.amount, number: present, window: entry.window) }
        continue
      }
      let start = Int(present) * entry.window
      let value = account.value(of: use.limit, windowStart: start)
      _ = counter.lower(to: entry.amount, atMost: amount, of: value, number: present, window: entry.window)
    }
  }

  /// The counters of which a good part is used, and before them those that the holder asked about. Many such counters
  /// have their turn one message after the other.
  private mutating func lines() -> [ShareReport.Line] {
    let now = now
    var (lines, size): ([ShareReport.Line], Int) = ([], 0)
    for (key, window) in standby.asked {
      guard size < ShareMessage.entryBytes / 2 else { break }
      guard let line = line(counters.counter(key), { key }, askedFor: window, now: now) else { continue }
      lines.append(line)
      size += line.size
    }
    let asked = Set(lines.map(\.entry.key))
    standby.place = counters.forEach(from: standby.place, atMost: ShareMessage.looks) { counter, key in
      guard let line = line(counter, key, askedFor: nil, now: now), !asked.contains(line.entry.key) else { return true }
      size += line.size
      guard size <= ShareMessage.entryBytes else { return false }
      lines.append(line)
      return true
    }
    return lines
  }

  /// The line about a counter, or `nil` when there is nothing to say about it.
  private func line(
    _ counter: any SharedCounter, _ key: () -> CounterKey, askedFor window: Int?, now: Int
  ) -> ShareReport.Line? {
    let use = counter.use()
    guard use.window > 0, use.limit > 0 || use.adjustment != .none else { return nil }
    let present = Window.number(of: use.window, now)
    let isLasting = use.window <= Adjustment.longestLasting
    let isRecent = isLasting ? use.number + 3 >= present && use.number <= present : use.number == present
    let isShort = isLasting ? use.refusedIn + 3 >= present : use.refusedIn == present
    let used = isRecent ? use.used : 0
    guard let amount = use.adjustment.amount(in: present, window: use.window) else { return nil }
    let start = Int(present) * use.window
    let allowed = min(use.limit, max(0, account.value(of: use.limit, windowStart: start) + amount * counter.unit))
    let isBusy = isShort || used > 0 && used >= allowed / 4
    guard isBusy || window == use.window || amount != 0 && used > 0 else { return nil }
    let entry = ShareEntry(key: key(), window: use.window, number: present, limit: use.limit, amount: amount)
    return ShareReport.Line(entry: entry, used: used, isShort: isShort)
  }

  /// The part of a stop in which this task returns its share.
  private mutating func takeReturned(_ content: ShareAnswer.Content) {
    switch content {
    case .returned(let pages): standby.returned = max(standby.returned, min(pages, standby.returning.count))
    // The holder has everything already, or is another one, which can't take it.
    case .unknown: standby.returned = standby.returning.count
    case .page, .amounts, .legacy: return
    }
  }
}
