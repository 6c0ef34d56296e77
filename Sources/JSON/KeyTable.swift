/// Finds earlier keys of an object by their hashes, then by the keys themselves. The cost of a lookup does not depend
/// on the number of keys.
///
/// Hashes must be seeded for each process (`Hasher`), so that an attacker can't choose keys with the same hash. Keys
/// with the same hash are compared.
struct KeyTable {
  private struct Slot {
    var hash: Int
    /// The member's index, or a negative number in a free slot.
    var member: Int
  }

  /// The slots. Their number is a power of two, and at most half of them are used.
  private var slots: [Slot] = []
  private var count = 0

  /// Finds the member with the same key, or adds a new one.
  ///
  /// - Parameters:
  ///   - hash: the key's hash.
  ///   - index: the index of the member that has the key.
  ///   - isSame: whether the member at another index has the same key.
  /// - Returns: the index of the earlier member with that key, or `nil` when the new one was added.
  mutating func find(hash: Int, orAdd index: Int, isSame: (Int) -> Bool) -> Int? {
    if (count + 1) * 2 > slots.count { grow() }
    var position = hash & (slots.count - 1)
    while slots[position].member >= 0 {
      if slots[position].hash == hash, isSame(slots[position].member) { return slots[position].member }
      position = (position + 1) & (slots.count - 1)
    }
    slots[position] = Slot(hash: hash, member: index)
    count += 1
    return nil
  }

  private mutating func grow() {
    let before = slots
    slots = Array(repeating: Slot(hash: 0, member: -1), count: max(64, before.count * 2))
    for slot in before where slot.member >= 0 {
      var position = slot.hash & (slots.count - 1)
      while slots[position].member >= 0 { position = (position + 1) & (slots.count - 1) }
      slots[position] = slot
    }
  }
}
