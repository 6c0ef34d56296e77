/// A set of header field names, compared without regard to case.
struct FieldNames: Sendable {
  private struct Entry: Sendable {
    let name: [UInt8]
  }

  /// By the hash of the name, in a table of twice as many places at least.
  private var places: [Entry?]
  private(set) var count = 0

  init(_ names: some Collection<String>) {
    var size = 4
    while size < names.count * 2 { size *= 2 }
    places = Array(repeating: nil, count: size)
    for name in names { insert(Array(name.utf8)) }
  }

  private mutating func insert(_ name: [UInt8]) {
    guard !name.isEmpty, !contains(name.span.bytes) else { return }
    var place = Self.hash(name.span.bytes) & (places.count - 1)
    while places[place] != nil { place = (place + 1) & (places.count - 1) }
    places[place] = Entry(name: name)
    count += 1
  }

  func contains(_ name: RawSpan) -> Bool {
    guard count > 0 else { return false }
    var place = Self.hash(name) & (places.count - 1)
    while let entry = places[place] {
      if Self.areEqual(entry.name.span.bytes, name) { return true }
      place = (place + 1) & (places.count - 1)
    }
    return false
  }

  func contains(_ name: String) -> Bool {
    let bytes = name.utf8.span.bytes
    return contains(bytes)
  }

  private static func hash(_ name: RawSpan) -> Int {
    guard name.byteCount > 0 else { return 0 }
    let first = name.unsafeLoad(fromByteOffset: 0, as: UInt8.self) | 0x20
    let last = name.unsafeLoad(fromByteOffset: name.byteCount - 1, as: UInt8.self) | 0x20
    let middle = name.unsafeLoad(fromByteOffset: name.byteCount / 2, as: UInt8.self) | 0x20
    return Int(first) &* 31 &+ Int(middle) &* 7 &+ Int(last) &+ name.byteCount &* 131
  }

  static func areEqual(_ left: RawSpan, _ right: RawSpan) -> Bool {
    guard left.byteCount == right.byteCount else { return false }
    for index in 0..<left.byteCount {
      let a = left.unsafeLoad(fromByteOffset: index, as: UInt8.self)
      let b = right.unsafeLoad(fromByteOffset: index, as: UInt8.self)
      if a != b, lowered(a) != lowered(b) { return false }
    }
    return true
  }

  private static func lowered(_ byte: UInt8) -> UInt8 {
    0x41...0x5A ~= byte ? byte | 0x20 : byte
  }
}
