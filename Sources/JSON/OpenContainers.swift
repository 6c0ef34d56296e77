/// The arrays and objects that a compacting pass is inside of, with the members of the objects, to find keys that come
/// twice. A list instead of recursion, so that the depth of a text takes nothing of a thread's stack.
struct OpenContainers {
  enum Kind {
    case array
    case object
  }

  private struct Member {
    /// The key's place in the output, without its quotes.
    let key: Range<Int>
    /// Where the value ends in the output; it begins behind the key's quote and the colon.
    var valueEnd = 0
    /// Which member's value counts: its own or that of a later one; `nil` for a member whose key was there before.
    var counting: Int?
  }

  private struct Container {
    let kind: Kind
    /// The place in the output at which it begins.
    let start: Int
    /// Of an object: its first member's number.
    let base: Int
    /// One bit for each small hash of a key. Not seeded: it only saves looks, up to `smallObject` members.
    var seen: UInt64 = 0
    /// Of an object with more members: where its keys are.
    var table = KeyTable()
    var hasRepeats = false
  }

  /// Up to so many members an earlier key is found by a look at each, which is quicker than a table.
  private static let smallObject = 32

  /// The outer ones first.
  private var containers: [Container] = []
  /// Of all objects among them, the outer ones' first.
  private var members: [Member] = []

  var isEmpty: Bool { containers.isEmpty }
  var depth: Int { containers.count }
  var innermost: Kind? { containers.last?.kind }

  /// Closes all; their memory is used again, unless it is what one huge document needed.
  mutating func removeAll() {
    containers.removeAll(keepingCapacity: true)
    if members.capacity > 1 << 14 { members = [] } else { members.removeAll(keepingCapacity: true) }
  }

  mutating func open(_ kind: Kind, at place: Int) {
    containers.append(Container(kind: kind, start: place, base: members.count))
  }

  /// Closes the innermost.
  ///
  /// - Returns: for an object in which a key came twice, what must stand there instead.
  mutating func close() -> Rewriting? {
    guard let container = containers.popLast(), container.kind == .object else { return nil }
    defer { members.removeLast(members.count - container.base) }
    guard container.hasRepeats else { return nil }
    let kept = members[container.base...].compactMap { member in
      member.counting.map { number in
        let value = members[number]
        return (member.key, value.key.upperBound + 2..<value.valueEnd)
      }
    }
    return Rewriting(start: container.start, members: kept)
  }

  /// An object in which a key came twice.
  struct Rewriting {
    /// Its place in the output.
    let start: Int
    /// Each key, without its quotes, in the order in which they came first, and the value that counts.
    let members: [(key: Range<Int>, value: Range<Int>)]
  }

  /// Notes a member of the innermost object, whose key was written.
  mutating func add(_ key: Range<Int>, in output: CompactOutput) {
    let number = members.count
    if let earlier = find(key, in: output) {
      containers[containers.count - 1].hasRepeats = true
      members[earlier].counting = number
      members.append(Member(key: key, counting: nil))
    } else {
      members.append(Member(key: key, counting: number))
    }
  }

  /// Notes where the value of the innermost object's last member ends.
  @inline(__always)
  mutating func endValue(at place: Int) {
    members[members.count - 1].valueEnd = place
  }

  /// The number of the member with that key; notes the key when there is none.
  private mutating func find(_ key: Range<Int>, in output: CompactOutput) -> Int? {
    let (last, number) = (containers.count - 1, members.count)
    let base = containers[last].base
    if number - base >= Self.smallObject {
      if number - base == Self.smallObject { fillTable(in: output) }
      let members = members
      return containers[last].table.find(hash: Self.hash(key, in: output), orNote: number) {
        Self.areSame(members[$0].key, key, in: output)
      }
    }
    let bit = output.withBytes(key) { UInt64(1) << Self.smallHash($0) }
    guard containers[last].seen & bit != 0 else {
      containers[last].seen |= bit
      return nil
    }
    return (base..<number).first { Self.areSame(members[$0].key, key, in: output) }
  }

  /// Fills the table of an object that is no longer small.
  private mutating func fillTable(in output: CompactOutput) {
    let (last, members) = (containers.count - 1, members)
    for number in containers[last].base..<members.count where members[number].counting != nil {
      // All differ: that was found out without the table.
      _ = containers[last].table.find(hash: Self.hash(members[number].key, in: output), orNote: number) { _ in false }
    }
  }

  private static func areSame(_ left: Range<Int>, _ right: Range<Int>, in output: CompactOutput) -> Bool {
    guard left.count == right.count else { return false }
    return output.withBytes(left) { left in output.withBytes(right) { JSONGrammar.areSame(left, $0) } }
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
