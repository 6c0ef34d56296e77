/// Finds the dumps from which, with the journals behind them, every moment of a window can be restored.
///
/// A moment is restored from a dump that is older and from the journals between the two. So the newest dump before the
/// window is needed, with all journals since. Further dumps in the window are needed because the window moves on: each
/// of them is the newest one before it some day. They are at most a quarter of the window apart where there are so many
/// dumps, so journals are never kept for much longer than the window.
struct PointInTime {
  private let dumps: [JudgedDump]
  /// The length of the window in seconds.
  private let window: Int
  /// The beginning of the window in Unix seconds.
  let start: Int

  init(_ dumps: [JudgedDump], window: Int, now: Int) {
    self.dumps = dumps
    self.window = max(0, window)
    let (start, isBeforeAll) = now.subtractingReportingOverflow(self.window)
    self.start = isBeforeAll ? .min : start
  }

  /// Chooses the dumps.
  ///
  /// - Parameters:
  ///   - counting: indexes of the dumps that count, ascending, so the newest first.
  ///   - isKept: whether a rule keeps a dump anyway. Such dumps are preferred.
  ///   - newestJournal: the highest number of a journal.
  /// - Returns: indexes, ascending.
  func bases(_ counting: [Int], isKept: (Int) -> Bool, newestJournal: HistoryNumber) -> [Int] {
    // A dump before the window that is newer than all journals has everything that can be restored.
    if let index = counting.first(where: { dumps[$0].createdAt <= start }), let number = dumps[index].number,
      number > newestJournal
    {
      return []
    }
    // The oldest comes first here.
    let candidates = Array(counting.filter { dumps[$0].continuation != nil }.reversed())
    guard !candidates.isEmpty else { return [] }
    var place = candidates.lastIndex { dumps[$0].createdAt <= start } ?? 0
    let needed = candidates[place...].filter { dumps[$0].continuation?.isSole == true }
    var chosen = [candidates[place]]
    while let next = next(behind: place, in: candidates, isKept) {
      chosen.append(candidates[next])
      place = next
    }
    return Set(chosen).union(needed).sorted()
  }

  private func next(behind place: Int, in candidates: [Int], _ isKept: (Int) -> Bool) -> Int? {
    guard place + 1 < candidates.count else { return nil }
    let (sum, isBeyondAll) = dumps[candidates[place]].createdAt.addingReportingOverflow(window / 4)
    let reach = isBeyondAll ? .max : sum
    var last: Int?
    var lastKept: Int?
    for next in (place + 1)..<candidates.count {
      guard dumps[candidates[next]].createdAt <= reach else { break }
      last = next
      if isKept(candidates[next]) { lastKept = next }
    }
    return lastKept ?? last ?? place + 1
  }
}
