import DumpFormat

/// A way to a state: a base, and the commits that lead from it to the state.
struct MomentPlan: Sendable, Equatable {
  enum Base: Sendable, Equatable {
    /// The state without documents with which a journal begins.
    case empty(JournalHeader)
    case dump(HistoryDump)
  }

  struct Step: Sendable, Equatable {
    let journal: JournalNumber
    let limit: History.Limit
    /// The last commit that is wanted.
    var most = Int.max
  }

  let base: Base
  let steps: [Step]

  /// All ways to a state, that with the nearest base first. All of them lead to the same state.
  static func all(to spot: HistorySpot, in history: History) throws(MomentError) -> [MomentPlan] {
    switch spot {
    case .dump(let dump):
      guard let index = history.items.firstIndex(where: { $0.content == .dump(dump) }) else { return [] }
      return plans(history, before: index, steps: [], first: [MomentPlan(base: .dump(dump), steps: [])])
    case .position(let position): return try all(to: position, in: history)
    }
  }

  private static func all(to position: JournalPosition, in history: History) throws(MomentError) -> [MomentPlan] {
    for (index, item) in history.items.enumerated() {
      switch item.content {
      case .dump(let dump) where dump.number == position.journal && position.commits == 0:
        return plans(history, before: index, steps: [], first: [MomentPlan(base: .dump(dump), steps: [])])
      case .journal(let header, let limit, _) where header.number == position.journal:
        if let most = limit.commits, position.commits > most {
          throw MomentError(
            .uncovered,
            "commit \(position) is not part of the history: another task had gone on from sequence \(JournalPosition(journal: header.number, commits: most)), and the commit was never acknowledged"
          )
        }
        let steps =
          position.commits == 0 ? [] : [Step(journal: header.number, limit: limit, most: position.commits)]
        return plans(history, at: index, steps: steps)
      case .dump, .journal: continue
      }
    }
    // One that was never the state, as of a task that had lost the lease, or from another volume.
    if position.commits == 0, let dump = history.dumps.first(where: { $0.number == position.journal }) {
      return [MomentPlan(base: .dump(dump), steps: [])]
    }
    throw MomentError(.uncovered, "there is no \(position.commits == 0 ? "dump or " : "")journal \(position.journal)")
  }

  /// The ways to a state that steps lead to from the beginning of an item.
  private static func plans(_ history: History, at index: Int, steps: [Step]) -> [MomentPlan] {
    let item = history.items[index]
    var first: [MomentPlan] = []
    if let dump = item.dump { first.append(MomentPlan(base: .dump(dump), steps: steps)) }
    if case .journal(let header, _, _) = item.content, header.start == .empty {
      first.append(MomentPlan(base: .empty(header), steps: steps))
    }
    return plans(history, before: index, steps: steps, first: first)
  }

  /// Adds the ways from the items before an item, as far as they lead to it.
  private static func plans(
    _ history: History, before index: Int, steps: [Step], first: [MomentPlan]
  ) -> [MomentPlan] {
    guard history.items[index].link == .continuous, index > 0 else { return first }
    var steps = steps
    if case .journal(let header, let limit, _) = history.items[index - 1].content, limit != .beginning {
      steps.insert(Step(journal: header.number, limit: limit), at: 0)
    }
    return first + plans(history, at: index - 1, steps: steps)
  }
}

extension History.Limit {
  /// The number of commits that belong to the history, or `nil` when all do.
  var commits: Int? {
    switch self {
    case .everything: nil
    case .place(let place): place.commits
    case .beginning: 0
    }
  }
}
