/// A set of small whole numbers.
struct BitSet: Sendable, Equatable {
  private var words: [UInt64] = []

  init(_ numbers: some Sequence<Int> = []) {
    for number in numbers { insert(number) }
  }

  mutating func insert(_ number: Int) {
    let word = number >> 6
    if word >= words.count { words += repeatElement(0, count: word + 1 - words.count) }
    words[word] |= 1 << UInt64(number & 63)
  }

  func contains(_ number: Int) -> Bool {
    let word = number >> 6
    return word < words.count && words[word] & 1 << UInt64(number & 63) != 0
  }

  /// Whether both have a number in common.
  func intersects(_ other: BitSet) -> Bool {
    for index in 0..<min(words.count, other.words.count) where words[index] & other.words[index] != 0 { return true }
    return false
  }
}
