import HashTreeCollections
import JSON

/// Numbers for names, so that sets of names become sets of bits. A name keeps its number.
struct NameNumbers: Sendable {
  private var numbers = TreeDictionary<UTF8Key, Int>()

  /// The number of a name, which is given one if it has none.
  mutating func number(for name: String) -> Int {
    let key = UTF8Key(name)
    if let number = numbers[key] { return number }
    let number = numbers.count
    numbers[key] = number
    return number
  }

  /// The number of names. It grows when a name is new.
  var count: Int { numbers.count }

  /// The numbers of those names that have one. No API knows the others.
  func known(_ names: [String]) -> BitSet {
    BitSet(names.compactMap { numbers[UTF8Key($0)] })
  }
}
