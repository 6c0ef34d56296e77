/// Decides about dumps from the newest to the oldest, in time linear in their number, and then about journals.
struct RetentionPlanner {
  private let dumps: [JudgedDump]
  private let journals: [JudgedJournal]
  private let policy: RetentionPolicy
  private let now: Int
  private let isFlagged: [Bool]
  /// Indexes into `dumps`.
  private let newestGood: Int?
  /// The dumps that count, the newest first.
  private let counting: [Int]

  private var newestCounting: Int? { counting.first }

  init(dumps: [JudgedDump], journals: [JudgedJournal], policy: RetentionPolicy, now: Int) {
    let isFlagged = ShrinkGuard.flags(dumps)
    self.dumps = dumps
    self.journals = journals
    self.policy = policy
    self.now = now
    self.isFlagged = isFlagged
    newestGood = dumps.firstIndex { $0.documents != nil }
    counting = dumps.indices.filter { dumps[$0].documents != nil && dumps[$0].createdAt <= now && !isFlagged[$0] }
  }

  func plan(removesDamaged: Bool) -> RetentionPlan {
    let order = journals.indices.sorted { journals[$0].number < journals[$1].number }
    let sorted = order.map { journals[$0] }
    let pointInTime = PointInTime(dumps, window: policy.journal, now: now)
    let (kept, bases) = ruled(pointInTime, newestJournal: sorted.last?.number)
    let (reasons, excess) = capped(kept, bases, sorted)
    let needed = counting.filter { index in
      bases.last.map { index <= $0 } == true && reasons[index].allSatisfy(\.keeps)
    }
    let bound = self.bound(needed)
    let planner = JournalPlanner(
      dumps: dumps, journals: sorted, counting: counting, pointInTime: pointInTime, window: policy.journal,
      bound: bound, excess: excess, removesDamaged: removesDamaged)
    let decided = planner.decide()
    var journalDecisions = decided
    for (place, decision) in zip(order, decided) { journalDecisions[place] = decision }
    return RetentionPlan(
      decisions: decisions(reasons, removesDamaged: removesDamaged), anchor: newestCounting.map { dumps[$0].name },
      journalDecisions: journalDecisions, journalAnchor: bound?.dump)
  }

  /// The reasons to keep each dump that counts, before the caps.
  ///
  /// - Returns: reasons for each dump, empty when nothing keeps it; and the dumps that the window of journals needs.
  private func ruled(
    _ pointInTime: PointInTime, newestJournal: HistoryNumber?
  ) -> (reasons: [[RetentionReason]], bases: [Int]) {
    var rules = KeepRules(policy)
    var reasons = dumps.indices.map { _ in [RetentionReason]() }
    for index in counting {
      reasons[index] = rules.reasons(createdAt: dumps[index].createdAt)
      if !policy.hasKeepRule { reasons[index].append(.withinCaps) }
    }
    guard let newestJournal else { return (reasons, []) }
    let bases = pointInTime.bases(counting, isKept: { !reasons[$0].isEmpty }, newestJournal: newestJournal)
    for index in bases { reasons[index].append(.pointInTime(seconds: policy.journal)) }
    return (reasons, bases)
  }

  /// Removes what exceeds the caps. The bytes of a journal count with those of the dump before it.
  ///
  /// - Returns: the final reasons of the dumps that count; and the caps that a dump of `bases` exceeds.
  private func capped(
    _ ruled: [[RetentionReason]], _ bases: [Int], _ journals: [JudgedJournal]
  ) -> (reasons: [[RetentionReason]], excess: [RetentionReason]) {
    var caps = Caps(policy)
    var reasons = dumps.indices.map { unconditionalReasons(at: $0) }
    var exceeded: [RetentionReason] = []
    var left = journals[...]
    for index in counting {
      let kept = ruled[index] + reasons[index]
      guard !kept.isEmpty else {
        reasons[index] = [.noRuleKeepsIt]
        continue
      }
      var bytes = dumps[index].bytes
      if let first = bases.last, index <= first, let number = dumps[index].number {
        while let journal = left.last, journal.number >= number {
          bytes = bytes.addingReportingOverflow(journal.bytes).partialValue
          left.removeLast()
        }
      }
      let excess = caps.reasons(bytes: bytes)
      reasons[index] = excess.isEmpty ? kept : excess
      if exceeded.isEmpty, bases.contains(index) { exceeded = excess }
    }
    return (reasons, exceeded)
  }

  /// - Parameter needed: the dumps that stay and are not older than those that the window needs, the newest first.
  private func bound(_ needed: [Int]) -> JournalPlanner.Bound? {
    if let oldest = needed.last(where: { dumps[$0].continuation != nil }), let continuation = dumps[oldest].continuation
    {
      return .init(dump: dumps[oldest].name, journal: continuation.journal)
    }
    return newestCounting.flatMap { newest in
      dumps[newest].number.map { .init(dump: dumps[newest].name, journal: $0) }
    }
  }

  private func decisions(
    _ counted: [[RetentionReason]], removesDamaged: Bool
  ) -> [RetentionPlan.Decision] {
    var reasons = counted
    let oldestKeptCounting = counting.last { reasons[$0].allSatisfy(\.keeps) }
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
