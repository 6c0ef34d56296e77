/// Decides about journals, after the dumps were decided about.
struct JournalPlanner {
  /// The dump from whose state on all journals stay.
  struct Bound {
    /// The dump's name.
    let dump: String
    /// The first journal that stays.
    let journal: HistoryNumber
  }

  let dumps: [JudgedDump]
  /// The lowest order first.
  let journals: [JudgedJournal]
  /// The dumps that count, as indexes, the newest first.
  let counting: [Int]
  let pointInTime: PointInTime
  let window: Int
  /// `nil` when no dump justifies a removal.
  let bound: Bound?
  /// The caps that removed a dump which the window needs; empty when none did.
  let excess: [RetentionReason]
  let removesDamaged: Bool

  func decide() -> [RetentionPlan.Decision] {
    journals.indices.map { index in
      let reasons = reasons(at: index)
      return RetentionPlan.Decision(
        name: journals[index].name, isKept: reasons.allSatisfy(\.keeps), reasons: reasons)
    }
  }

  private func reasons(at index: Int) -> [RetentionReason] {
    let journal = journals[index]
    guard let bound, let newest = counting.first.flatMap({ dumps[$0].number }), journal.number < newest else {
      return [.noNewerVerifiedDump]
    }
    if journal.verdict == .unopened { return removesDamaged ? [.unverifiableAndAskedToGo] : [.unopenedKeptForItsKey] }
    guard journal.number < bound.journal else { return [.pointInTime(seconds: window)] }
    // The window does not reach it, or a cap does not leave room for the window.
    if let end = end(at: index), end <= pointInTime.start { return [.coveredByNewerDump] }
    return excess.isEmpty ? [.pointInTime(seconds: window)] : excess
  }

  /// The time at which a journal ended, in Unix seconds: that of the journal or of the dump after it, whichever is
  /// later. One of the two can have a wrong time.
  private func end(at index: Int) -> Int? {
    let next = journals[(index + 1)...].lazy.compactMap(\.createdAt).first
    let dump = counting.last { dumps[$0].number.map { $0 > journals[index].number } == true }
    return [next, dump.map { dumps[$0].createdAt }].compactMap(\.self).max()
  }
}
