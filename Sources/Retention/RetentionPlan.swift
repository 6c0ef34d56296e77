/// What to do with each dump of a volume, and why.
///
/// A dump *counts* when it is good, not dated after now and not flagged by `ShrinkGuard`. Only dumps that count take
/// places in the rules and only they are bound by the caps, so neither a planted nor a damaged file ever pushes a good
/// one out. What does not count is kept, except for old damaged dumps. A dump that does not open may be sealed with a key
/// that is not at hand, and goes only when someone asks for it.
package struct RetentionPlan: Sendable, Equatable {
  package struct Decision: Sendable, Equatable {
    /// The dump's.
    package let name: String
    package let isKept: Bool
    /// At least one.
    package let reasons: [RetentionReason]
  }

  /// One for each dump, in the order of the dumps.
  package let decisions: [Decision]
  /// The newest dump that counts, which justifies every removal: whoever removes makes sure first that it is still
  /// there and good. `nil` when nothing may be removed.
  package let anchor: String?

  /// The names of the dumps to remove.
  package var removals: [String] { decisions.filter { !$0.isKept }.map(\.name) }

  /// - Parameters:
  ///   - dumps: of one volume, newest first in the order that their authenticated headers give. That need not be the
  ///     order of `createdAt`.
  ///   - accepted: names of dumps that `ShrinkGuard` does not flag; see there.
  ///   - removesDamaged: someone asks that what is damaged or does not open goes, as soon as it has a newer verified dump.
  package init(
    dumps: [JudgedDump], policy: RetentionPolicy, clock: ClockReading, accepted: Set<String> = [],
    removesDamaged: Bool = false
  ) {
    switch clock {
    case .untrusted(let reason):
      self.init(keeping: dumps, because: reason)
    case .trusted where policy.isEmpty:
      self.init(keeping: dumps, because: "no rule is set")
    case .trusted(let now):
      let planner = RetentionPlanner(dumps: dumps, policy: policy, now: now, accepted: accepted)
      self.init(
        decisions: planner.decide(removesDamaged: removesDamaged), anchor: planner.newestCounting.map { dumps[$0].name }
      )
    }
  }

  private init(decisions: [Decision], anchor: String?) {
    self.decisions = decisions
    self.anchor = anchor
  }

  private init(keeping dumps: [JudgedDump], because reason: String) {
    let decisions = dumps.map {
      Decision(name: $0.name, isKept: true, reasons: [.nothingIsPruned(because: reason)])
    }
    self.init(decisions: decisions, anchor: nil)
  }
}
