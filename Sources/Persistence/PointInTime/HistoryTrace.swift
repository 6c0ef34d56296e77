import DumpFormat

/// The journals of the history, found from the newest one backwards by the starts that they name.
struct HistoryTrace {
  /// The state from which a journal goes on.
  enum Source: Equatable {
    /// The place up to which the journal before belongs to the history.
    case journal
    case dump(HistoryDump)
    /// No state that is there, or that of the journal's own dump.
    case none
  }

  /// A journal of the history.
  struct Leg {
    let header: JournalHeader
    let limit: History.Limit
    let source: Source
  }

  /// The journals, the oldest first.
  let legs: [Leg]

  init(journals: [JournalHeader], dumps: [HistoryDump]) {
    let all = journals.sorted { $0.number < $1.number }
    let byNumber = Dictionary(all.map { ($0.number, $0) }) { first, _ in first }
    var legs: [Leg] = []
    var next = all.last
    var limit = History.Limit.everything
    while let present = next {
      next = nil
      var source = Source.none
      var limitOfNext = History.Limit.everything
      // Journals from this number on are not older than the present one's start.
      var bound = present.number
      switch present.start {
      case .journal(let place):
        bound = min(bound, place.journal)
        if let before = byNumber[place.journal], before.number < present.number {
          (next, limitOfNext, source) = (before, .place(place), .journal)
        }
      case .dump(let identity):
        guard let dump = dumps.first(where: { $0.identity == identity }) else { break }
        guard let number = dump.number else {
          source = .dump(dump)
          break
        }
        guard number < bound else { break }
        (bound, source) = (number, .dump(dump))
        // A journal that the dump's writer wrote later is not part of the history.
        if let before = byNumber[number] { (next, limitOfNext, source) = (before, .beginning, .journal) }
      case .empty, .ownDump: break
      }
      legs.append(Leg(header: present, limit: limit, source: source))
      limit = limitOfNext
      if next == nil { next = all.last { $0.number < bound } }
    }
    self.legs = legs.reversed()
  }
}
