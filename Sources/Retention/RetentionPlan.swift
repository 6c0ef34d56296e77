/// The decision to keep or remove each dump and each journal of a directory, with reasons.
///
/// A dump *counts* if it is good, is not dated after now and is not flagged by `ShrinkGuard`. Only dumps that count
/// fill the rules and are limited by the caps, so neither a planted nor a damaged file ever displaces a good one. Dumps
/// that do not count are kept, except for old damaged ones. A dump that can't be decrypted may be encrypted with a key
/// that is not available, and is removed only on request.
///
/// A journal goes when a dump that counts has its changes, and no restore to a moment of the policy's window needs it.
/// The dumps that such a restore needs stay (`PointInTime`). The cap on bytes counts the journals that stay, the cap on
/// the number counts dumps alone. Both go before the window.
package struct RetentionPlan: Sendable, Equatable {
  /// The decision about one dump or journal.
  package struct Decision: Sendable, Equatable {
    /// The name of the dump or the journal.
    package let name: String
    /// Whether it is kept.
    package let isKept: Bool
    /// The reasons, at least one.
    package let reasons: [RetentionReason]
  }

  /// One decision for each dump, in the order of the dumps.
  package let decisions: [Decision]
  /// The newest dump that counts. It justifies every removal, so a caller verifies before removing that it still exists
  /// and is good. `nil` when nothing may be removed.
  package let anchor: String?
  /// One decision for each journal, in the order of the journals.
  package let journalDecisions: [Decision]
  /// The dump whose state the oldest journal that stays goes on from, or a newer one. It justifies the removal of
  /// journals, as the anchor does that of dumps.
  package let journalAnchor: String?

  /// The names of the dumps to remove.
  package var removals: [String] { decisions.filter { !$0.isKept }.map(\.name) }

  /// The names of the journals to remove.
  package var journalRemovals: [String] { journalDecisions.filter { !$0.isKept }.map(\.name) }

  /// Decides about all dumps of a directory.
  ///
  /// - Parameters:
  ///   - dumps: the dumps of one directory, newest first by their authenticated headers. That can differ from the order
  ///     of `createdAt`.
  ///   - journals: the journals of the directory, in any order.
  ///   - removesDamaged: whether dumps that are damaged or can't be decrypted are removed as soon as there is a newer
  ///     verified dump.
  package init(
    dumps: [JudgedDump], journals: [JudgedJournal] = [], policy: RetentionPolicy, clock: ClockReading,
    removesDamaged: Bool = false
  ) {
    switch clock {
    case .untrusted(let reason):
      self.init(keeping: dumps, journals, because: reason)
    case .trusted where policy.isEmpty:
      self.init(keeping: dumps, journals, because: "no rule is set")
    case .trusted(let now):
      self = RetentionPlanner(dumps: dumps, journals: journals, policy: policy, now: now)
        .plan(removesDamaged: removesDamaged)
    }
  }

  init(decisions: [Decision], anchor: String?, journalDecisions: [Decision], journalAnchor: String?) {
    self.decisions = decisions
    self.anchor = anchor
    self.journalDecisions = journalDecisions
    self.journalAnchor = journalAnchor
  }

  private init(keeping dumps: [JudgedDump], _ journals: [JudgedJournal], because reason: String) {
    let decision = { (name: String) in
      Decision(name: name, isKept: true, reasons: [.nothingIsPruned(because: reason)])
    }
    self.init(
      decisions: dumps.map { decision($0.name) }, anchor: nil,
      journalDecisions: journals.map { decision($0.name) }, journalAnchor: nil)
  }
}
