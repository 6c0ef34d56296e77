/// Writes the numbers of a message, the highest byte first.
struct ShareWriter {
  private(set) var bytes: [UInt8] = []

  mutating func add(_ value: some FixedWidthInteger) {
    for shift in stride(from: value.bitWidth - 8, through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }

  mutating func add(_ key: CounterKey) {
    add(key.kind.rawValue)
    add(UInt16(key.name.count))
    bytes += key.name
  }

  mutating func add(_ account: ShareAccount) {
    for parts in [account.got, account.given] {
      add(UInt16(parts.count))
      for part in parts {
        add(UInt8(part.halvings))
        add(Int64(part.from))
        add(Int64(part.until))
      }
    }
  }

  mutating func add<Element>(all elements: [Element], _ write: (inout ShareWriter, Element) -> Void) {
    add(UInt32(elements.count))
    for element in elements { write(&self, element) }
  }
}

/// A message that is not one.
struct ShareFault: Error {}

/// Reads the numbers of a message, strictly and within its bounds.
struct ShareReader {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) { rest = bytes[...] }

  mutating func number<Number: FixedWidthInteger>(_: Number.Type = Number.self) throws(ShareFault) -> Number {
    var value: Number = 0
    for byte in try take(Number.bitWidth / 8) {
      value = Number.bitWidth > 8 ? value << 8 | Number(truncatingIfNeeded: byte) : Number(truncatingIfNeeded: byte)
    }
    return value
  }

  mutating func take(_ count: Int) throws(ShareFault) -> ArraySlice<UInt8> {
    guard rest.count >= count else { throw ShareFault() }
    defer { rest = rest.dropFirst(count) }
    return rest.prefix(count)
  }

  mutating func flag() throws(ShareFault) -> Bool {
    switch try number(UInt8.self) {
    case 0: return false
    case 1: return true
    default: throw ShareFault()
    }
  }

  /// A number that must be within a range.
  mutating func number<Number: FixedWidthInteger>(
    _: Number.Type, in range: ClosedRange<Int>
  ) throws(ShareFault) -> Int {
    guard let value = Int(exactly: try number(Number.self)), range.contains(value) else { throw ShareFault() }
    return value
  }

  mutating func key() throws(ShareFault) -> CounterKey {
    guard let kind = CounterKey.Kind(rawValue: try number()) else { throw ShareFault() }
    return CounterKey(kind, Array(try take(Int(try number(UInt16.self)))))
  }

  mutating func account() throws(ShareFault) -> ShareAccount {
    var lists: [[SharePart]] = []
    for _ in 0..<2 {
      let count = try number(UInt16.self, in: 0...ShareMessage.mostParts)
      var parts: [SharePart] = []
      for _ in 0..<count {
        let halvings = try number(UInt8.self, in: 0...SharePart.mostHalvings)
        let (from, until) = (Int(try number(Int64.self)), Int(try number(Int64.self)))
        guard from < until else { throw ShareFault() }
        parts.append(SharePart(halvings: halvings, from: from, until: until))
      }
      lists.append(parts)
    }
    return ShareAccount(got: lists[0], given: lists[1])
  }

  /// A list. Each element takes at least one byte, so a false count ends with the message.
  mutating func list<Element>(
    _ read: (inout ShareReader) throws(ShareFault) -> Element
  ) throws(ShareFault) -> [Element] {
    var elements: [Element] = []
    for _ in 0..<(try number(UInt32.self)) { elements.append(try read(&self)) }
    return elements
  }

  func end() throws(ShareFault) {
    guard rest.isEmpty else { throw ShareFault() }
  }
}
