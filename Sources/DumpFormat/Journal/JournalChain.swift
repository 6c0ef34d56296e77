/// The state of a directory that journals continue.
package struct JournalBase: Sendable, Equatable {
  /// The identity of the dump (`DumpIdentity`), or `nil` for a state without documents.
  package let identity: String?
  /// The dump's order, or `nil` for a dump without one.
  package let order: DumpOrder?

  /// A state without documents.
  package static let empty = JournalBase(identity: nil, order: nil)

  /// The state of a dump.
  package init(identity: String?, order: DumpOrder?) {
    self.identity = identity
    self.order = order
  }

  /// Whether a journal's first commit changes this state.
  package func begins(_ journal: JournalHeader) -> Bool {
    if journal.number.isOf(order) { return true }
    switch journal.start {
    case .empty: return identity == nil
    case .dump(let identity): return identity == self.identity
    case .journal(let place):
      // Nothing changed between the dump and the next one of its writer, so the dump has no journal of its own.
      guard let order, order.epoch == journal.number.epoch else { return false }
      return place.journal < JournalNumber(order) && JournalNumber(order) < journal.number
    case .ownDump: return false
    }
  }
}

/// The journals whose commits lead from the state of a dump to the newest state, in order.
package struct JournalChain: Sendable, Equatable {
  /// A journal, with the number of its commits that belong to the history and the tag behind them; `nil`: all.
  package struct Link: Sendable, Equatable {
    /// The journal's number.
    package let journal: JournalNumber
    /// The place behind its last commit of the history.
    package var end: JournalPlace?
  }

  /// How the journals of a directory continue a dump.
  package enum Outcome: Sendable, Equatable {
    /// These follow the dump, in order.
    case chain([Link])
    /// None follows it, since all are older.
    case none
    /// Journals that are newer than the dump can't be reached from it: one between them is missing. The links lead as
    /// far as they do.
    case gap(newest: JournalNumber, missing: String, reachable: [Link])
  }

  /// Finds the chain.
  ///
  /// A journal of a later epoch was begun by a later holder of the lease, which had read its predecessor up to the
  /// place that its header names. A predecessor that was frozen may have written more since. With
  /// MEM_JOURNAL=always nobody was told that this is kept, and the place leaves it out. The chain is therefore followed
  /// from the newest journal backwards.
  package static func from(_ base: JournalBase, through journals: [JournalHeader]) -> Outcome {
    guard let newest = journals.max(by: { $0.number < $1.number }) else { return .none }
    if let order = base.order, newest.number < JournalNumber(order) { return .none }
    let byNumber = Dictionary(journals.map { ($0.number, $0) }) { first, _ in first }
    var links = [Link(journal: newest.number)]
    var present = newest
    while !base.begins(present) {
      guard case .journal(let place) = present.start else {
        // The chain is that of another dump. One without an order, as Doorman's, is newer by its time, or it would not
        // have been chosen.
        if base.order == nil, base.identity != nil { return .none }
        return .gap(
          newest: newest.number, missing: "the dump before journal \(present.number)",
          reachable: forward(base, journals))
      }
      guard let before = byNumber[place.journal], before.number < present.number else {
        if base.order == nil, base.identity != nil { return .none }
        return .gap(
          newest: newest.number, missing: "journal \(place.journal)", reachable: forward(base, journals))
      }
      links.append(Link(journal: before.number, end: place))
      present = before
    }
    return .chain(links.reversed())
  }

  /// The journals that follow the base without a gap.
  private static func forward(_ base: JournalBase, _ journals: [JournalHeader]) -> [Link] {
    var links: [Link] = []
    var next = journals.filter(base.begins).max { $0.number < $1.number }
    while let journal = next {
      links.append(Link(journal: journal.number))
      next = nil
      for other in journals where other.number > journal.number {
        guard case .journal(let place) = other.start, place.journal == journal.number else { continue }
        if next.map({ $0.number < other.number }) ?? true {
          next = other
          links[links.count - 1].end = place
        }
      }
    }
    return links
  }
}
