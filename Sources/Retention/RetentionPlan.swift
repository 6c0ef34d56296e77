/// Which dumps of a volume to keep and which to remove, with the reasons.
///
/// A dump *counts* if it is good, not dated after now, and not flagged by `ShrinkGuard`. The rules and the caps apply to
/// dumps that count only, so neither a planted nor a damaged file ever displaces a good dump. Other dumps are kept, except
/// for old damaged ones. A dump that can't be decrypted may be encrypted with a key that is not configured; it is removed
/// only at an operator's request.
package struct RetentionPlan: Sendable, Equatable {
  /// What to do with one dump.
  package struct Decision: Sendable, Equatable {
    /// The name of the dump.
    package let name: String
    /// Whether to keep it.
    package let isKept: Bool
    /// Why; at least one reason.
    package let reasons: [RetentionReason]
  }

  /// A decision for each dump, in the order of the dumps.
  package let decisions: [Decision]
  /// The newest dump that counts, or `nil` when nothing may be removed. It justifies every removal, so a caller makes sure
  /// before each removal that it is still there and good.
  package let anchor: String?

  /// The names of the dumps to remove.
  package var removals: [String] { decisions.filter { !$0.isKept }.map(\.name) }

  /// Decides for each dump.
  ///
  /// - Parameters:
  ///   - dumps: the dumps of one volume, newest first in the order that their authenticated headers give. That need not be the
  ///     order of `createdAt`.
  ///   - removesDamaged: whether an operator asked to remove damaged and undecryptable dumps that have a newer verified
  ///     dump.
  package init(
    dumps: [JudgedDump], policy: RetentionPolicy, clock: ClockReading, removesDamaged: Bool = false
  ) {
    switch clock {
    case .untrusted(let reason):
      self.init(keeping: dumps, because: reason)
    case .trusted where policy.isEmpty:
      self.init(keeping: dumps, because: "no rule is set")
    case .trusted(let now):
      let planner = RetentionPlanner(dumps: dumps, policy: policy, now: now)
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
