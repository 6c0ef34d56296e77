/// The order in which a start tries dumps.
///
/// Dumps of ours say where they stand, by epoch and sequence, and no clock can change that. The peer's, and those of before
/// there were epochs, have their creation time only. Such a dump stands directly above the highest of the others that is not
/// younger than it: what the peer wrote after our dumps is newest, and coming back to us, and to the peer again, loses
/// nothing. Among themselves they follow their times, then their names.
///
/// Of a file that can't be read nothing is known, so it comes first: it may be the newest.
package enum DumpSequence {
  package static func newestFirst(_ all: [DumpEntry]) -> [DumpEntry] {
    let entries = all.filter(\.isReadable)
    let unknown = all.filter { !$0.isReadable }.sorted(by: isOlder)
    let ordered = entries.filter { $0.order != nil }.sorted(by: isOlder)
    // Below all, then above each of the ordered ones.
    var places = [[DumpEntry]](repeating: [], count: ordered.count + 1)
    for entry in entries where entry.order == nil {
      let below = ordered.lastIndex { isNotYounger(entry, than: $0) }
      places[below.map { $0 + 1 } ?? 0].append(entry)
    }
    var sequence = places[0].sorted(by: isOlder)
    for (entry, above) in zip(ordered, places.dropFirst()) {
      sequence.append(entry)
      sequence += above.sorted(by: isOlder)
    }
    return unknown.reversed() + sequence.reversed()
  }

  /// Names of one second are numbered in the order in which they came.
  private static func isNotYounger(_ entry: DumpEntry, than other: DumpEntry) -> Bool {
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
