import Retention

/// Checks the properties that every plan must have.
struct PlanCheck {
  let plan: RetentionPlan
  let dumps: [JudgedDump]
  let policy: RetentionPolicy
  let now: Int
  let accepted: Set<String>
  let removesDamaged: Bool
  /// A time after `now`.
  let later: Int
  let oracle: NaiveRetention

  init(
    plan: RetentionPlan, dumps: [JudgedDump], policy: RetentionPolicy, now: Int, accepted: Set<String>,
    removesDamaged: Bool, later: Int
  ) {
    self.plan = plan
    self.dumps = dumps
    self.policy = policy
    self.now = now
    self.accepted = accepted
    self.removesDamaged = removesDamaged
    self.later = later
    oracle = NaiveRetention(dumps, policy, now: now, accepted: accepted, removesDamaged: removesDamaged)
  }

  var violation: String? {
    guard let sentence = shape ?? rules ?? caps ?? laterNow else { return nil }
    return "\(sentence): \(policy), now \(now), accepted \(accepted), \(dumps), decided \(plan.decisions)"
  }

  /// There is one decision for each dump, in order, with reasons that agree with it. Planning again gives the same
  /// plan.
  private var shape: String? {
    guard plan.decisions.count == dumps.count else { return "not one decision for each dump" }
    for (index, decision) in plan.decisions.enumerated() {
      if decision.name != dumps[index].name { return "out of order" }
      if decision.reasons.isEmpty { return "a decision without a reason" }
      for reason in decision.reasons where reason.keeps != decision.isKept { return "a reason for the opposite" }
    }
    let again = self.plan(at: now)
    return again == plan ? nil : "another plan for the same dumps"
  }

  private var rules: String? {
    if removedPlaces != oracle.removed { return "removed \(removedPlaces) and not \(oracle.removed)" }
    if !removedPlaces.isEmpty, plan.anchor != oracle.counting.first.map({ dumps[$0].name }) { return "a wrong anchor" }
    return nil
  }

  private var caps: String? {
    let kept = oracle.counting.filter { plan.decisions[$0].isKept }
    if let maximum = policy.maximumCount, maximum > 0, kept.count > maximum { return "more than the cap" }
    if let maximum = policy.maximumBytes, maximum > 0, kept.count > 1,
      kept.reduce(0, { $0 + dumps[$1].bytes }) > maximum
    {
      return "more bytes than the cap"
    }
    return nil
  }

  /// If only the clock advances, the plan changes only because of dumps that were dated in the future: they may be
  /// removed, and those that now count may displace older ones.
  private var laterNow: String? {
    let plan = plan(at: later)
    let arrived = dumps.indices.filter { dumps[$0].createdAt > now && dumps[$0].createdAt <= later }
    if arrived.isEmpty { return plan == self.plan ? nil : "a later clock changed the plan" }
    let newestArrivedGood = arrived.first { dumps[$0].documents != nil }
    for index in dumps.indices where !plan.decisions[index].isKept && self.plan.decisions[index].isKept {
      if arrived.contains(index) { continue }
      // A damaged dump is removed together with the last older good one.
      let isExplained =
        newestArrivedGood.map { $0 < index || [.damaged, .unopened].contains(dumps[index].verdict) } ?? false
      if !isExplained { return "a later clock removed \(index)" }
    }
    return nil
  }

  private func plan(at now: Int) -> RetentionPlan {
    RetentionPlan(
      dumps: dumps.accepting(accepted), policy: policy, clock: .trusted(now: now), removesDamaged: removesDamaged)
  }

  private var removedPlaces: [Int] { plan.decisions.indices.filter { !plan.decisions[$0].isKept } }
}
