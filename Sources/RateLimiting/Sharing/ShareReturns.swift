/// How shares come back: from a standby that stops, from one that is gone, and from a holder that stops.
extension ShareState {
  /// Puts what was noted of members in order.
  mutating func tend() {
    let now = now
    for (session, member) in holder.members where member.lastWindowEnd <= now {
      endLastingBounds(of: session)
      guard holder.members.count > ShareHolder.mostMembers else { continue }
      // The share is lost in the windows that it was for, and nobody knows what was counted.
      holder.end(session)
      holder.hasLostMember = true
      account = account.giving(member.ended)
    }
    if let end = holder.adjustmentsEnd, now > end {
      holder.adjustmentsEnd = nil
      let members = holder.members.values
      counters.endLastingAdjustments(now: now) { _, key in members.reduce(0) { $0 - $1.lastingAmount(of: key) } }
    }
    if account.count > ShareMessage.mostParts / 2, let last = account.lastChange { account = account.since(last) }
    fence = holder.members.isEmpty && !holder.hasLostMember ? .max : holder.confirmedUntil
    publish()
  }

  /// Ends the adjustments of windows of a few seconds. The standby has no share of the present one.
  mutating func endLastingBounds(of session: UInt64) {
    guard let bounds = holder.members[session]?.bounds else { return }
    for (key, bound) in bounds where bound.window <= Adjustment.longestLasting {
      holder.members[session]?.bounds[key] = nil
      let number = Window.number(of: bound.window, now)
      counters.add(ShareEntry(key: key, window: bound.window, number: number, limit: 0, amount: bound.amount))
    }
  }

  // MARK: A standby that stops

  mutating func closeStandby(at closedAt: Int) {
    account = .nothing
    publish()
    // An answer to what was said before says nothing about what is returned.
    standby.sentAt = nil
    let balances = standby.transfer > 0 ? counters.balances(now: closedAt) : []
    standby.returning = SharePage.pages(1, .nothing, from: .min, closedAt: closedAt, balances)
  }

  /// Takes a page of what a standby returns.
  mutating func takeBack(_ report: ShareReport) -> ShareAnswer? {
    guard let page = report.page else { return nil }
    holder.members[report.session]?.returned.take(page)
    if case .joining(let pages)? = holder.members[report.session]?.stage,
      report.transfer != holder.members[report.session]?.transfer
    {
      // The standby never had this, so it does not know of it.
      for entry in pages.flatMap(\.entries) { counters.add(entry) }
      holder.members[report.session]?.stage = .joining([])
    }
    let received = holder.members[report.session]?.returned.received ?? 0
    finishReturns()
    return reply(to: report, fence: 0, .returned(received))
  }

  /// Takes shares back whose pages are complete. What the standby counted last may belong to the present second. So
  /// this is tried again each second: a standby that has returned everything says nothing more.
  mutating func finishReturns() {
    finishBrought()
    for (session, member) in holder.members where member.returned.isComplete {
      guard let page = member.returned.first, now > page.closedAt else { continue }
      endLastingBounds(of: session)
      holder.end(session)
      counters.add(member.returned.entries, now: now)
      tend()
    }
  }

  // MARK: A holder that stops

  /// Leaves what this task has to the standby that was heard of last: it certainly lives. The shares of others stay
  /// theirs up to their ends, and what they have of windows of a few seconds must have ended.
  mutating func closeHolder(at closedAt: Int) {
    current.replace(account: .nothing, fence: fence, clock: clock)
    let living = holder.members.filter { $0.value.fence > closedAt && $0.value.isSharing }
    let heir = living.max { $0.value.fence < $1.value.fence }
    let others = holder.members.filter { $0.key != heir?.key && $0.value.lastWindowEnd > closedAt }
    for session in holder.members.keys where others[session] == nil { endLastingBounds(of: session) }
    var remaining = remaining
    if let end = others.values.map(\.fence).min(), let heir {
      // The heir goes on with its own share behind its end, too, as long as others have theirs.
      remaining = remaining.before(min(end, heir.value.fence))
    }
    (account, holder.members) = (.nothing, [:])
    guard let (session, member) = heir, !others.values.contains(where: \.hasLastingBounds) else { return }
    holder.heir = session
    holder.members = [session: member]
    holder.legacy = SharePage.pages(
      member.transfer + 1, remaining, from: .min, closedAt: closedAt, counters.balances(now: closedAt))
  }

  /// Gives the heir a page of what this task leaves.
  mutating func legacyPage(for report: ShareReport) -> ShareAnswer? {
    guard report.session == holder.heir, report.stage == .sharing, let member = holder.members[report.session],
      report.sequence > member.sequence, let transfer = holder.legacy.first?.transfer
    else { return nil }
    holder.members[report.session]?.sequence = report.sequence
    let received = report.incoming == transfer ? report.pages : 0
    holder.taken = max(holder.taken, min(received, holder.legacy.count))
    let page = holder.legacy[min(received, holder.legacy.count - 1)]
    return reply(to: report, fence: member.fence, .legacy(page))
  }

  /// Goes on with what the holder before left, when that has counted its last call.
  mutating func finishLegacy() {
    guard standby.hasLegacy, let page = standby.incoming.first, now > page.closedAt else { return }
    let entries = standby.incoming.entries
    standby.incoming.forgetEntries()
    standby.hasLegacy = false
    standby.hasInherited = true
    account = (page.isWhole ? account.before(standby.legacyFence) : account).adding(page.account)
    counters.endLastingAdjustments(now: now)
    counters.add(entries, now: now)
    publish()
  }
}
