/// Several lists of slots. Adding and removing take constant time, wherever in its list a slot stands. A slot is in at
/// most one list.
struct SlotChain: Sendable {
  /// The ends of one list.
  struct Ends: Sendable {
    fileprivate(set) var first: Int?
    fileprivate(set) var last: Int?
  }

  private var previous: [Int?] = []
  private var next: [Int?] = []

  mutating func append(_ slot: Int, to ends: inout Ends) {
    let last = ends.last
    insert(slot, behind: last, in: &ends)
  }

  /// - Parameter other: a slot of the list, or `nil` for the beginning of the list.
  mutating func insert(_ slot: Int, behind other: Int?, in ends: inout Ends) {
    while next.count <= slot {
      previous.append(nil)
      next.append(nil)
    }
    let following = if let other { next[other] } else { ends.first }
    previous[slot] = other
    next[slot] = following
    if let other { next[other] = slot } else { ends.first = slot }
    if let following { previous[following] = slot } else { ends.last = slot }
  }

  /// The slot before another one in its list.
  func slot(before other: Int) -> Int? { previous[other] }

  /// - Parameter ends: of the list that the slot is in.
  mutating func remove(_ slot: Int, from ends: inout Ends) {
    let (before, after) = (previous[slot], next[slot])
    if let before { next[before] = after } else { ends.first = after }
    if let after { previous[after] = before } else { ends.last = before }
    previous[slot] = nil
    next[slot] = nil
  }
}
