import HashTreeCollections
import JSON

/// Numbers for names, so that sets of names become sets of bits. A name keeps its number while it is used. Then another
/// name gets it, so that numbers, and with them the sets, stay as small as the names are few.
struct NameNumbers: Sendable {
  private struct Entry: Sendable {
    let number: Int
    var uses: Int
  }

  private var entries = TreeDictionary<UTF8Key, Entry>()
  private var free = TreeSet<Int>()
  /// It changes when a name gets a number or loses it. Sets of numbers count for one version.
  private(set) var version = 0

  init() {}

  /// Begins anew.
  init(after previous: NameNumbers) { version = previous.version + 1 }

  /// The number of names.
  var count: Int { entries.count }

  /// The number of a name, which is used once more.
  mutating func take(_ name: String) -> Int {
    let key = UTF8Key(name)
    if let entry = entries[key] {
      entries[key]?.uses += 1
      return entry.number
    }
    // All numbers below this one are taken or free.
    let number = free.first ?? entries.count
    free.remove(number)
    entries[key] = Entry(number: number, uses: 1)
    version += 1
    return number
  }

  /// A name is used once less.
  mutating func giveBack(_ name: String) {
    let key = UTF8Key(name)
    guard let entry = entries[key] else { return }
    guard entry.uses == 1 else {
      entries[key]?.uses -= 1
      return
    }
    entries[key] = nil
    free.insert(entry.number)
    version += 1
  }

  /// The numbers of those names that have one. No API knows the others.
  func known(_ names: [String]) -> BitSet {
    BitSet(names.compactMap { entries[UTF8Key($0)]?.number })
  }
}
