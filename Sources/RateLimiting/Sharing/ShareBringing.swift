/// How a standby that gets a share of another holder brings along what it had of the holder before. So nothing is lost
/// when the holder changes while there are more than two tasks.
///
/// The standby keeps what it has used, and brings the rest: the account, and for each counter the balance (in
/// `ShareEntry.amount`) and what was used (`ShareReport.Line.used`). It sends no other lines until all of it came.
extension ShareState {
  /// One message of what a standby brings.
  struct Brought: Equatable, Sendable {
    var page: SharePage
    var lines: [ShareReport.Line]
  }

  /// Gives up the share of the holder before, and notes what is to be brought. Until the holder has it, what was used
  /// counts against the new share.
  mutating func giveUpOldShare() {
    let (old, closedAt) = (account.before(fence), now)
    account = .nothing
    publish()
    (standby.bringing, standby.kept) = ([], [])
    defer { counters.endAllAdjustments() }
    guard !old.got.isEmpty else { return }
    var lines: [ShareReport.Line] = []
    counters.forEachBalance(now: closedAt) { balance, used, unit in
      lines.append(ShareReport.Line(entry: balance, used: used, isShort: false))
      standby.kept.append(
        ShareEntry(
          key: balance.key, window: balance.window, number: balance.number, limit: balance.limit,
          amount: ShareRule.kept(used, unit: unit)))
    }
    standby.bringing = Self.pages(old, lines, closedAt: closedAt)
  }

  /// Notes how much of what this task brings the holder has.
  mutating func noteBrought(_ pages: Int) {
    standby.brought = max(standby.brought, min(pages, standby.bringing.count))
    guard standby.brought == standby.bringing.count else { return }
    counters.add(standby.kept, now: now)
    forgetBringing()
  }

  /// Forgets what was to be brought.
  mutating func forgetBringing() { (standby.bringing, standby.brought, standby.kept) = ([], 0, []) }

  private static func pages(_ account: ShareAccount, _ lines: [ShareReport.Line], closedAt: Int) -> [Brought] {
    var left = lines[...]
    let pages = SharePage.pages(1, account, from: .min, closedAt: closedAt, lines.map(\.entry))
    return pages.map { page in
      let lines = Array(left.prefix(page.entries.count))
      left = left.dropFirst(page.entries.count)
      var page = page
      page.entries = []
      return Brought(page: page, lines: lines)
    }
  }

  /// Takes a message of what a standby brings.
  mutating func takeBrought(_ page: SharePage, _ report: ShareReport, fence: Int) -> ShareAnswer? {
    // A holder that began anew has everything already.
    guard holder.broughtUntil > .min else { return reply(to: report, fence: fence, .amounts([])) }
    if holder.members[report.session]?.hasBrought == false {
      let received = holder.members[report.session]?.brought.received
      holder.members[report.session]?.brought.take(page)
      if page.index == received { holder.members[report.session]?.broughtLines += report.lines }
      finishBrought()
    }
    guard let member = holder.members[report.session] else { return nil }
    // The last one counts when the second is over in which the standby may have used something of it.
    let count = member.hasBrought ? page.count : min(member.brought.received, page.count - 1)
    return reply(to: report, fence: fence, .returned(count))
  }

  /// Adds what standbys have brought.
  mutating func finishBrought() {
    let now = now
    for (session, member) in holder.members where member.brought.isComplete && !member.hasBrought {
      guard let page = member.brought.first, now > page.closedAt else { continue }
      let end = holder.broughtUntil
      account = account.adding(page.account.before(end))
      for line in member.broughtLines where line.entry.number >= Window.number(of: line.entry.window, now) {
        let entry = line.entry
        guard Int(entry.number) * entry.window < end else { continue }
        counters.add(entry)
        let stays = ShareRule.kept(line.used, unit: counters.counter(entry.key).unit)
        let amount = member.bound(entry.key, number: entry.number, window: entry.window) + stays
        holder.members[session]?.bounds[entry.key] =
          amount == 0 ? nil : .init(window: entry.window, number: entry.number, amount: amount)
      }
      holder.members[session]?.hasBrought = true
      holder.members[session]?.brought = SharePages()
      holder.members[session]?.broughtLines = []
      publish()
    }
  }
}
