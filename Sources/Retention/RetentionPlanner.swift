/// Decides about dumps from the newest to the oldest, in time linear in their number.
struct RetentionPlanner {
  private let dumps: [JudgedDump]
  private let policy: RetentionPolicy
  private let now: Int
  private let isFlagged: [Bool]
  /// Indexes into `dumps`.
  private let newestGood: Int?
  let newestCounting: Int?

  init(dumps: [JudgedDump], policy: RetentionPolicy, now: Int) {
    let isFlagged = ShrinkGuard.flags(dumps)
    self.dumps = dumps
    self.policy = policy
    self.now = now
    self.isFlagged = isFlagged
    newestGood = dumps.firstIndex { $0.documents != nil }
    newestCounting = dumps.indices.first {
      Self.counts(dumps[$0], now: now, isFlagged: isFlagged[$0])
    }
  }

  private static func counts(_ dump: JudgedDump, now: Int, isFlagged: Bool) -> Bool {
    dump.documents != nil && dump.createdAt <= now && !isFlagged
  }

  func decide(removesDamaged: Bool) -> [RetentionPlan.Decision] {
    var rules = KeepRules(policy)
    var caps = Caps(policy)
    var reasons = dumps.indices.map { unconditionalReasons(at: $0) }
    var oldestKeptCounting: Int?
    for index in dumps.indices where Self.counts(dumps[index], now: now, isFlagged: isFlagged[index]) {
      var kept = rules.reasons(createdAt: dumps[index].createdAt)
      if !policy.hasKeepRule { kept.append(.withinCaps) }
      kept += reasons[index]
      let excess = kept.isEmpty ? [.noRuleKeepsIt] : caps.reasons(bytes: dumps[index].bytes)
      if excess.isEmpty { oldestKeptCounting = index }
      reasons[index] = excess.isEmpty ? kept : excess
    }
    for index in dumps.indices where dumps[index].createdAt <= now {
      switch dumps[index].verdict {
      case .damaged where index > oldestKeptCounting ?? index: reasons[index] = [.damagedAndOlderThanAllKept]
      case .damaged where removesDamaged && index > newestCounting ?? index,
        .unopened where removesDamaged && index > newestCounting ?? index:
        reasons[index] = [.unverifiableAndAskedToGo]
      default: break
      }
    }
    return dumps.indices.map { index in
      RetentionPlan.Decision(
        name: dumps[index].name, isKept: reasons[index].allSatisfy(\.keeps), reasons: reasons[index])
    }
  }

  /// The reason to keep a dump regardless of the rules. Among dumps that count, only the newest has such a reason.
  private func unconditionalReasons(at index: Int) -> [RetentionReason] {
    var reasons: [RetentionReason] = []
    switch dumps[index].verdict {
    case .unverified: reasons.append(.notVerified)
    case .damaged: reasons.append(.damagedKeptForALook)
    case .unopened: reasons.append(.unopenedKeptForItsKey)
    case .good: break
    }
    if dumps[index].createdAt > now { reasons.append(.datedInTheFuture) }
    if isFlagged[index] { reasons.append(.shrankByMoreThanHalf) }
    if index == newestGood { reasons.append(.newestGoodDump) }
    if index <= newestCounting ?? index { reasons.append(.noNewerVerifiedDump) }
    return reasons
  }
}
