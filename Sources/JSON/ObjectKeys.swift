/// The members of the objects that a compacting pass is inside of, to find keys that come twice.
struct ObjectKeys {
  struct Member {
    /// The key's place in the output, without its quotes.
    let key: Range<Int>
    /// Where the value ends in the output; it begins behind the key's quote and the colon.
    var valueEnd = 0
    /// Which member's value counts: its own or that of a later one; `nil` for a member whose key was there before.
    var counting: Int?
  }

  /// One object that is under way.
  struct Scope {
    fileprivate let base: Int
    /// One bit for each small hash of a key. Not seeded: it only saves looks, up to `smallObject` members.
    fileprivate var seen: UInt64 = 0
    fileprivate var table = KeyTable()
    fileprivate(set) var hasRepeats = false
  }

  /// Up to so many members an earlier key is found by a look at each, which is quicker than a table.
  private static let smallObject = 32

  /// Of all objects that are under way, the outer ones first.
  private var members: [Member] = []

  /// Takes the memory of an array before anything is noted, or gives it back at the end.
  mutating func exchangeMemory(_ memory: inout [Member]) {
    memory.removeAll(keepingCapacity: true)
    swap(&members, &memory)
  }

  @inline(__always)
  func scope() -> Scope { Scope(base: members.count) }

  /// Notes a member whose key was written.
  ///
  /// - Returns: its number, for `endValue`.
  mutating func add(_ key: Range<Int>, in output: CompactOutput, to scope: inout Scope) -> Int {
    let number = members.count
    if let earlier = find(key, number, in: output, of: &scope) {
      scope.hasRepeats = true
      members[earlier].counting = number
      members.append(Member(key: key, counting: nil))
    } else {
      members.append(Member(key: key, counting: number))
    }
    return number
  }

  @inline(__always)
  mutating func endValue(of number: Int, at place: Int) {
    members[number].valueEnd = place
  }

  @inline(__always)
  mutating func end(_ scope: Scope) {
    members.removeLast(members.count - scope.base)
  }

  /// Calls `body` for each key of an object, in the order in which they came first, with the range of the value that
  /// counts.
  func forEach(in scope: Scope, _ body: (_ key: Range<Int>, _ value: Range<Int>) -> Void) {
    for member in members[scope.base...] {
      guard let counting = member.counting else { continue }
      let value = members[counting]
      body(member.key, value.key.upperBound + 2..<value.valueEnd)
    }
  }

  private mutating func find(_ key: Range<Int>, _ number: Int, in output: CompactOutput, of scope: inout Scope) -> Int?
  {
    let count = number - scope.base
    if count >= Self.smallObject {
      if count == Self.smallObject { fill(&scope, in: output) }
      return scope.table.find(hash: Self.hash(key, in: output), orNote: number) {
        isSame($0, key, in: output)
      }
    }
    let bit = output.withBytes(key) { UInt64(1) << Self.smallHash($0) }
    guard scope.seen & bit != 0 else {
      scope.seen |= bit
      return nil
    }
    return (scope.base..<number).first { isSame($0, key, in: output) }
  }

  /// Moves an object that is no longer small to its table.
  private func fill(_ scope: inout Scope, in output: CompactOutput) {
    for number in scope.base..<members.count where members[number].counting != nil {
      let hash = Self.hash(members[number].key, in: output)
      _ = scope.table.find(hash: hash, orNote: number) { isSame($0, members[number].key, in: output) }
    }
  }

  private func isSame(_ number: Int, _ key: Range<Int>, in output: CompactOutput) -> Bool {
    let other = members[number].key
    guard other.count == key.count else { return false }
    return output.withBytes(other) { other in output.withBytes(key) { JSONGrammar.areSame(other, $0) } }
  }

  private static func hash(_ key: Range<Int>, in output: CompactOutput) -> Int {
    var hasher = Hasher()
    output.withBytes(key) { hasher.combine(bytes: $0) }
    return hasher.finalize()
  }

  /// A number below 64 from a key's length and up to 16 of its bytes.
  @inline(__always)
  private static func smallHash(_ key: UnsafeRawBufferPointer) -> UInt64 {
    var word = UInt64(key.count)
    if key.count >= 8 {
      word ^= key.loadUnaligned(as: UInt64.self) &* 0xFF51_AFD7_ED55_8CCD
      word ^= key.loadUnaligned(fromByteOffset: key.count - 8, as: UInt64.self)
    } else {
      for byte in key { word = word << 8 ^ UInt64(byte) }
    }
    return (word &* 0x9E37_79B9_7F4A_7C15) >> 58
  }
}
