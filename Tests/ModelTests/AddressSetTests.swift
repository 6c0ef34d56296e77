import TestSupport
import Testing

@testable import Model

@Suite("A set of addresses")
struct AddressSetTests {
  /// An address near the borders of few networks, so that random ranges overlap, touch and repeat.
  private func address(_ generator: inout SeededGenerator) -> String {
    let bytes = (0..<4).map { _ in [0, 1, 2, 127, 128, 254, 255].randomElement(using: &generator) ?? 0 }
    let four = bytes.map(String.init).joined(separator: ".")
    return Bool.random(using: &generator) ? four : "2001:db8::\(String(bytes[2] << 8 | bytes[3], radix: 16))"
  }

  @Test("has the addresses that one of its ranges has, and no others", arguments: 1...50 as ClosedRange<UInt64>)
  func ranges(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let ranges = try (0..<Int.random(in: 0...40, using: &generator)).map { _ in
      let base = address(&generator)
      let length = Int.random(in: 0...(base.contains(":") ? 128 : 32), using: &generator)
      return try #require(AddressRange(Bool.random(using: &generator) ? base : "\(base)/\(max(6, length))"))
    }
    let set = AddressSet(ranges)
    for _ in 0..<500 {
      let text = address(&generator)
      let address = try #require(NetworkAddress(text))
      #expect(set.contains(address) == ranges.contains { $0.contains(address) }, "\(text)")
    }
  }

  @Test("of everything has every address of its version, up to both ends")
  func everything() throws {
    let (four, six) = (try #require(AddressRange("0.0.0.0/0")), try #require(AddressRange("::/0")))
    let ends = ["0.0.0.0", "255.255.255.255", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"]
    let contained = { (ranges: [AddressRange]) in
      ends.map { NetworkAddress($0).map(AddressSet(ranges).contains) }
    }
    #expect(contained([four]) == [true, true, false, false])
    #expect(contained([six]) == [false, false, true, true])
    #expect(contained([six, four]) == [true, true, true, true])
    #expect(contained([]) == [false, false, false, false])
  }
}
