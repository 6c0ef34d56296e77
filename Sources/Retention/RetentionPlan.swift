/// The decision to keep or remove each dump of a directory, with reasons.
///
/// A dump *counts* if it is good, is not dated after now and is not flagged by `ShrinkGuard`. Only dumps that count
/// fill the rules and are limited by the caps, so neither a planted nor a damaged file ever displaces a good one. Dumps
/// that do not count are kept, except for old damaged ones. A dump that can't be decrypted may be encrypted with a key
/// that is not available, and is removed only on request.
package struct RetentionPlan: Sendable, Equatable {
  /// The decision about one dump.
  package struct Decision: Sendable, Equatable {
    /// The dump's name.
    package let name: String
    /// Whether the dump is kept.
    package let isKept: Bool
    /// The reasons, at least one.
    package let reasons: [RetentionReason]
  }

  /// One decision for each dump, in the order of the dumps.
  package let decisions: [Decision]
  /// The newest dump that counts. It justifies every removal, so a caller verifies before removing that it still exists
  /// and is good. `nil` when nothing may be removed.
  package let anchor: String?

  /// The names of the dumps to remove.
  package var removals: [String] { decisions.filter { !$0.isKept }.map(\.name) }

  /// Decides about all dumps of a directory.
  ///
  /// - Parameters:
  ///   - dumps: the dumps of one directory, newest first by their authenticated headers. That can differ from the order
  ///     of `createdAt`.
  ///   - removesDamaged: whether dumps that are damaged or can't be decrypted are removed as soon as there is a newer
  ///     verified dump.
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
