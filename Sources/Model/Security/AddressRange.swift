import JSON

/// An address or a CIDR range, as `10.0.0.0/8`.
package struct AddressRange: Sendable {
  let base: NetworkAddress
  let prefixLength: Int

  /// Reads an address or a range.
  ///
  /// - Returns: `nil` when the text is neither.
  package init?(_ text: String) {
    let parts = text.cut(at: UInt8(ascii: "/"))
    guard let base = NetworkAddress(parts?.before ?? text) else { return nil }
    let bits = base.bytes.count * 8
    guard let length = parts.map({ Self.length($0.after) }) ?? bits, (0...bits).contains(length) else { return nil }
    self.base = base
    prefixLength = length
  }

  /// Reads digits. `Int` alone would also take a sign.
  private static func length(_ text: String) -> Int? {
    text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(text) : nil
  }

  /// Whether an address is in the range. An IPv4 range holds no IPv6 address, and the reverse.
  package func contains(_ address: NetworkAddress) -> Bool {
    guard address.bytes.count == base.bytes.count else { return false }
    let whole = prefixLength / 8
    guard address.bytes[..<whole] == base.bytes[..<whole] else { return false }
    let rest = prefixLength % 8
    guard rest > 0 else { return true }
    let mask = UInt8(truncatingIfNeeded: 0xFF00 >> rest)
    return address.bytes[whole] & mask == base.bytes[whole] & mask
  }
}
