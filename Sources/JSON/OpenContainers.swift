/// The arrays and objects that enclose the position of a compacting pass, with the members of the objects, to find
/// repeated keys. The list replaces recursion, so the depth of a text does not use the thread's stack.
struct OpenContainers {
  enum Kind {
    case array
    case object
  }

  private struct Member {
    /// The key's range in the output, without its quotes.
    let key: Range<Int>
    /// The end of the value in the output. The value begins after the key's closing quote and the colon.
    var valueEnd = 0
    /// The index of the member whose value is used: this one or a later one. It is `nil` for a member with a repeated
    /// key.
    var counting: Int?
  }

  private struct Container {
    let kind: Kind
    /// The offset in the output at which the container begins.
    let start: Int
    /// The index of an object's first member.
    let base: Int
    /// One bit for each small hash of a key. The hash is not seeded, because it only saves comparisons among the first
    /// `smallObject` members.
    var seen: UInt64 = 0
    /// The keys of an object with more than `smallObject` members.
    var table = KeyTable()
    var hasRepeats = false
  }

  /// The number of members up to which an earlier key is found by comparing all, which is faster than a table.
  private static let smallObject = 32

  /// The containers, outermost first.
  private var containers: [Container] = []
  /// The members of all open objects, those of the outermost first.
  private var members: [Member] = []

  var isEmpty: Bool { containers.isEmpty }
  var depth: Int { containers.count }
  var innermost: Kind? { containers.last?.kind }

  /// Closes all containers and keeps their memory, unless a huge document made it large.
  mutating func removeAll() {
    containers.removeAll(keepingCapacity: true)
    if members.capacity > 1 << 14 { members = [] } else { members.removeAll(keepingCapacity: true) }
  }

  mutating func open(_ kind: Kind, at offset: Int) {
    containers.append(Container(kind: kind, start: offset, base: members.count))
  }

  /// Closes the innermost container.
  ///
  /// - Returns: the object's members if a key was repeated in it, so that it can be rewritten.
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

  /// An object in which a key was repeated.
  struct Rewriting {
    /// The object's offset in the output.
    let start: Int
    /// Each key without its quotes, in the order of first occurrence, with the value that is kept.
    let members: [(key: Range<Int>, value: Range<Int>)]
  }

  /// Adds a member of the innermost object, whose key was just written.
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

  /// Records the end of the value of the innermost object's last member.
  @inline(__always)
  mutating func endValue(at offset: Int) {
    members[members.count - 1].valueEnd = offset
  }

  /// The index of the earlier member with that key, or `nil` after recording a new key.
  private mutating func find(_ key: Range<Int>, in output: CompactOutput) -> Int? {
    let (last, number) = (containers.count - 1, members.count)
    let base = containers[last].base
    if number - base >= Self.smallObject {
      if number - base == Self.smallObject { fillTable(in: output) }
      let members = members
      return containers[last].table.find(hash: Self.hash(key, in: output), orAdd: number) {
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
      // These keys are known to differ.
      _ = containers[last].table.find(hash: Self.hash(members[number].key, in: output), orAdd: number) { _ in false }
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
