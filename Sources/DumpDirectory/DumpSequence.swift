/// The order in which a start tries dumps.
///
/// Gatehouse's dumps carry a version (epoch and sequence), which does not depend on a clock. Dumps of Doorman, and
/// dumps from before there were epochs, have only their creation time. Such a dump is sorted directly above the highest
/// versioned dump that is not younger. So a dump that Doorman wrote after ours is the newest, and moving between the
/// two programs in either direction loses nothing. Several such dumps in one gap are sorted by their times, then by
/// their names.
///
/// A file that can't be read comes first, because it may be the newest.
package enum DumpSequence {
  /// Sorts the dumps of one directory, the newest first.
  package static func newestFirst(_ all: [DumpEntry]) -> [DumpEntry] {
    let entries = all.filter(\.isReadable)
    let unknown = all.filter { !$0.isReadable }.sorted(by: isOlder)
    let ordered = entries.filter { $0.order != nil }.sorted(by: isOlder)
    // The first gap is below all versioned dumps. Each further gap is directly above one of them.
    var gaps = [[DumpEntry]](repeating: [], count: ordered.count + 1)
    for entry in entries where entry.order == nil {
      let below = ordered.lastIndex { isNotOlder(entry, than: $0) }
      gaps[below.map { $0 + 1 } ?? 0].append(entry)
    }
    var sequence = gaps[0].sorted(by: isOlder)
    for (entry, above) in zip(ordered, gaps.dropFirst()) {
      sequence.append(entry)
      sequence += above.sorted(by: isOlder)
    }
    return unknown.reversed() + sequence.reversed()
  }

  /// Whether a dump is as old as another one, or younger. If only the name gives the dump's time, the times and numbers
  /// of both names are compared.
  private static func isNotOlder(_ entry: DumpEntry, than other: DumpEntry) -> Bool {
    entry.isTimedByName && DumpName(other.name) != nil ? other.rank < entry.rank : other.time <= entry.time
  }

  private static func isOlder(_ left: DumpEntry, _ right: DumpEntry) -> Bool {
    if let one = left.order, let other = right.order, one != other { return one < other }
    return (left.time, left.rank) < (right.time, right.rank)
  }
}

extension DumpEntry {
  fileprivate var isReadable: Bool { if case .unreadable = access { false } else { true } }
}
