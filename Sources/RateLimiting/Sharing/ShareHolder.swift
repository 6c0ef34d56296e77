/// The shares that a holder gave.
struct ShareHolder {
  /// The largest number of tasks with shares.
  static let mostMembers = 8

  /// Random; 0 before the task holds the lease.
  var name: UInt64 = 0
  /// The moment up to which the lease certainly is this task's.
  var confirmedUntil = 0
  var members: [UInt64: ShareMember] = [:]
  /// The sessions that have ended. A report of theirs may still be on its way.
  private(set) var ended: [UInt64] = []
  /// Whether a share was given that did not come back.
  var hasLostMember = false
  /// The moment from which on nothing counts that this task gave before it held the lease.
  var adjustmentsEnd: Int?
  /// Standbys have parts of the holder before in windows that begin before this moment. They bring them.
  var broughtUntil = Int.min
  /// That which this task leaves to the session.
  var legacy: [SharePage] = []
  var heir: UInt64 = 0
  /// The pages that the heir has.
  var taken = 0

  var pagesLeft: Int { legacy.count - taken }

  mutating func end(_ session: UInt64) {
    members[session] = nil
    ended = ended.suffix(255) + [session]
  }
}

/// A share that was given to a standby.
struct ShareMember {
  enum Stage {
    /// The standby gets the pages of its share.
    case joining([SharePage])
    case sharing
  }

  /// An amount that the standby may have.
  struct Bound {
    let window: Int
    let number: UInt64
    let amount: Int
  }

  /// The parts of the share. Those without an end reach up to the fence.
  var gift: [SharePart]
  var fence: Int
  var stage: Stage
  var transfer: UInt32 = 1
  /// The last report.
  var sequence: UInt64
  var bounds: [CounterKey: Bound] = [:]
  var returned = SharePages()
  /// That which the standby brings from the share of another holder.
  var brought = SharePages()
  var broughtLines: [ShareReport.Line] = []
  var hasBrought = false
  /// The place at which the next look for counters begins of which this task needs more.
  var place = 0

  var isSharing: Bool { if case .sharing = stage { true } else { false } }

  /// That which the holder may not use itself. Adjustments that last belong to the share, so they are ended first.
  var parts: [SharePart] { hasLastingBounds ? gift : ended }

  /// That which is lost with the share.
  var ended: [SharePart] { gift.compactMap { $0.before(fence) } }

  /// The end of the last window that begins before the fence, in seconds. Until then the standby may use what it got of
  /// windows of a few seconds.
  var lastWindowEnd: Int {
    let windows = bounds.values.map(\.window).filter { $0 <= Adjustment.longestLasting }
    return windows.map { (fence + $0 - 1) / $0 * $0 }.max() ?? fence
  }

  var hasLastingBounds: Bool { bounds.values.contains { $0.window <= Adjustment.longestLasting } }

  func value(of limit: Int, windowStart: Int) -> Int {
    windowStart < fence ? gift.reduce(0) { $0 + $1.value(of: limit, windowStart: windowStart) } : 0
  }

  /// That which the standby got of a counter of short windows.
  func lastingAmount(of key: CounterKey) -> Int {
    guard let bound = bounds[key], bound.window <= Adjustment.longestLasting else { return 0 }
    return bound.amount
  }

  func bound(_ key: CounterKey, number: UInt64, window: Int) -> Int {
    guard let bound = bounds[key], bound.window == window else { return 0 }
    return window <= Adjustment.longestLasting || bound.number == number ? bound.amount : 0
  }
}

extension ShareState {
  /// Answers a report, or returns `nil` when there is nothing to say to it.
  mutating func answer(_ report: ShareReport) -> ShareAnswer? {
    guard role == .holder else { return nil }
    note(clears: report.clears)
    if isClosed { return legacyPage(for: report) }
    // Another task may hold the lease by now.
    guard now < holder.confirmedUntil else { return nil }
    finishReturns()
    guard let member = holder.members[report.session], report.holder == 0 || report.holder == holder.name else {
      let isNew = report.stage == .joining && report.holder == 0 && !holder.ended.contains(report.session)
      return isNew ? join(report) : reply(to: report, fence: 0, .unknown)
    }
    guard report.sequence > member.sequence else { return nil }
    holder.members[report.session]?.sequence = report.sequence
    return switch (report.stage, member.stage) {
    case (.leaving, _): takeBack(report)
    case (.joining, .joining(let pages)), (.sharing, .joining(let pages)):
      report.transfer == member.transfer ? share(report) : nextPage(of: pages, report)
    case (.joining, .sharing): reply(to: report, fence: 0, .unknown)
    case (.sharing, .sharing): share(report)
    }
  }

  func reply(to report: ShareReport, fence: Int, _ content: ShareAnswer.Content) -> ShareAnswer {
    ShareAnswer(
      holder: holder.name, session: report.session, sequence: report.sequence, time: time, fence: fence, clears: clears,
      content)
  }

  // MARK: Joining

  private mutating func join(_ report: ShareReport) -> ShareAnswer? {
    let living = holder.members.values.count { $0.fence > now }
    guard living < ShareHolder.mostMembers else { return reply(to: report, fence: 0, .unknown) }
    let member = ShareMember(
      gift: promised.half(), fence: now + timing.lasting, stage: .joining([]), sequence: report.sequence)
    return begin(member, from: .min, report)
  }

  /// Takes a share from this task's account, and lists the counters of which this task needs some of it back, because
  /// it has used or given it already.
  private mutating func begin(_ new: ShareMember, from: Int, _ report: ShareReport) -> ShareAnswer? {
    var member = new
    holder.members[report.session] = member
    tend()
    var entries: [ShareEntry] = []
    let (now, remaining) = (now, remaining)
    counters.forEach { counter, key in
      let use = counter.use()
      // A thread may be late, and so may the standby's clock.
      guard let number = use.newestWindow(since: now - 2, now: now) else { return }
      let start = Int(number) * use.window
      let gift = member.value(of: use.limit, windowStart: start)
      guard start >= from, start < member.fence else { return }
      var amount = Adjustment.least
      if let own = use.adjustment.amount(in: number, window: use.window) {
        let excess = use.used(in: number) - remaining.value(of: use.limit, windowStart: start) - own * counter.unit
        guard excess > 0 else { return }
        // Rounded against both, so that no more moves than there is.
        counter.adjust(own + min(excess, gift) / counter.unit, number: number, window: use.window)
        amount = max(-((excess + counter.unit - 1) / counter.unit), Adjustment.least)
      }
      let key = key()
      member.bounds[key] = .init(window: use.window, number: number, amount: amount)
      entries.append(ShareEntry(key: key, window: use.window, number: number, limit: use.limit, amount: amount))
    }
    let pages = SharePage.pages(
      member.transfer, ShareAccount(got: member.gift), from: from, closedAt: self.now, entries)
    member.stage = .joining(pages)
    holder.members[report.session] = member
    return reply(to: report, fence: member.fence, .page(pages[0]))
  }

  private mutating func nextPage(of pages: [SharePage], _ report: ShareReport) -> ShareAnswer? {
    guard let fence = extend(report.session), let member = holder.members[report.session] else {
      return reply(to: report, fence: 0, .unknown)
    }
    let next = report.incoming == member.transfer ? min(report.pages, pages.count - 1) : 0
    return reply(to: report, fence: fence, .page(pages[next]))
  }

  /// Lets a standby use later windows, unless this task may have begun them for itself.
  ///
  /// - Returns: the new end, or `nil` when it is too late.
  private mutating func extend(_ session: UInt64) -> Int? {
    guard let old = holder.members[session]?.fence, now < old - 1 else { return nil }
    let new = max(old, now + timing.lasting)
    holder.members[session]?.fence = new
    publish()
    guard now < old - 1 else {
      holder.members[session]?.fence = old
      publish()
      return nil
    }
    return new
  }

  /// Gives a standby that was silent for long a share of the windows that began meanwhile. It keeps what it has of
  /// older ones.
  private mutating func resume(_ report: ShareReport) -> ShareAnswer? {
    guard let lastWindowEnd = holder.members[report.session]?.lastWindowEnd, lastWindowEnd <= now else { return nil }
    endLastingBounds(of: report.session)
    guard var member = holder.members[report.session] else { return nil }
    let old = member.fence
    member.gift = member.ended
    member.fence = now + timing.lasting
    member.transfer += 1
    holder.members[report.session] = member
    let half = promised.half().compactMap { $0.since(old) }
    member.gift = ShareAccount(got: member.gift + half).got
    return begin(member, from: old, report)
  }

  // MARK: Sharing

  private mutating func share(_ report: ShareReport) -> ShareAnswer? {
    holder.members[report.session]?.stage = .sharing
    guard let fence = extend(report.session) else { return resume(report) }
    if let page = report.page { return takeBrought(page, report, fence: fence) }
    guard var member = holder.members[report.session] else { return nil }
    let living = holder.members.values.count { $0.fence > now }
    var moves = ShareMoves(now: now, remaining: remaining, isPair: living == 1, counters: counters)
    moves.take(report.lines, &member)
    moves.wish(&member)
    member.bounds = member.bounds.filter {
      $1.window <= Adjustment.longestLasting || $1.number >= Window.number(of: $1.window, now - 2)
    }
    holder.members[report.session] = member
    return reply(to: report, fence: fence, .amounts(moves.entries))
  }
}
