/// Finds keys of an object that came before, by their hashes and then by the keys themselves: however many keys there
/// are, one look costs the same.
///
/// Hashes must be seeded for each process (`Hasher`), so that nobody can choose keys that share one. Where two keys do,
/// they are compared.
struct KeyTable {
  private struct Slot {
    var hash: Int
    /// The member's place; negative in a slot that is free.
    var place: Int
  }

  /// A power of two of them, at most half of them taken.
  private var slots: [Slot] = []
  private var count = 0

  /// Finds the member with the same key, or notes a new one.
  ///
  /// - Parameters:
  ///   - hash: of the key.
  ///   - place: where the member of that key is.
  ///   - isSame: whether the member at another place has the same key.
  /// - Returns: the place of the member that was there; `nil` when the new one was noted.
  mutating func find(hash: Int, orNote place: Int, isSame: (Int) -> Bool) -> Int? {
    if (count + 1) * 2 > slots.count { grow() }
    var index = hash & (slots.count - 1)
    while slots[index].place >= 0 {
      if slots[index].hash == hash, isSame(slots[index].place) { return slots[index].place }
      index = (index + 1) & (slots.count - 1)
    }
    slots[index] = Slot(hash: hash, place: place)
    count += 1
    return nil
  }

  private mutating func grow() {
    let before = slots
    slots = Array(repeating: Slot(hash: 0, place: -1), count: max(64, before.count * 2))
    for slot in before where slot.place >= 0 {
      var index = slot.hash & (slots.count - 1)
      while slots[index].place >= 0 { index = (index + 1) & (slots.count - 1) }
      slots[index] = slot
    }
  }
}
