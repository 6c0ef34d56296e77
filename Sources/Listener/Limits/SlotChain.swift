/// Several lists of slots in the order in which they were added. Adding and removing take constant time, wherever in
/// its list a slot stands. A slot is in at most one list.
struct SlotChain: Sendable {
  /// The ends of one list.
  struct Ends: Sendable {
    fileprivate(set) var first: Int?
    fileprivate(set) var last: Int?
  }

  private var previous: [Int?] = []
  private var next: [Int?] = []

  mutating func append(_ slot: Int, to ends: inout Ends) {
    while next.count <= slot {
      previous.append(nil)
      next.append(nil)
    }
    previous[slot] = ends.last
    next[slot] = nil
    if let last = ends.last { next[last] = slot } else { ends.first = slot }
    ends.last = slot
  }

  /// - Parameter ends: of the list that the slot is in.
  mutating func remove(_ slot: Int, from ends: inout Ends) {
    let (before, after) = (previous[slot], next[slot])
    if let before { next[before] = after } else { ends.first = after }
    if let after { previous[after] = before } else { ends.last = before }
    previous[slot] = nil
    next[slot] = nil
  }
}
