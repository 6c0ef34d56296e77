import Glibc
import JSON

/// An IP address; an IPv4 address that came in IPv6's clothes (`::ffff:1.2.3.4`) is the IPv4 address.
package struct NetworkAddress: Sendable, Hashable, CustomStringConvertible {
  /// 4 or 16 bytes.
  let bytes: [UInt8]
  package let description: String

  /// - Returns: `nil` when the text is no address.
  package init?(_ text: String) {
    // A zone (`fe80::1%eth0`) is the host's business, not the address's.
    let text = text.cut(at: UInt8(ascii: "%"))?.before ?? text
    if let four = Self.parse(text, family: AF_INET, count: 4) {
      self.init(bytes: four, description: text)
    } else if let sixteen = Self.parse(text, family: AF_INET6, count: 16) {
      let prefix: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
      if sixteen.starts(with: prefix) {
        let four = Array(sixteen[12...])
        self.init(bytes: four, description: four.map(String.init).joined(separator: "."))
      } else {
        self.init(bytes: sixteen, description: text)
      }
    } else {
      return nil
    }
  }

  private init(bytes: [UInt8], description: String) {
    self.bytes = bytes
    self.description = description
  }

  package var isLoopback: Bool {
    bytes.count == 4 ? bytes[0] == 127 : bytes == Array(repeating: 0, count: 15) + [1]
  }

  /// What limits count by: an IPv6 address stands for its network of 64 bits, any address of which one client can take.
  package var network: NetworkAddress {
    guard bytes.count == 16, !isLoopback else { return self }
    let prefix = Array(bytes[..<8]) + [UInt8](repeating: 0, count: 8)
    let groups = stride(from: 0, to: 8, by: 2).map { String(Int(bytes[$0]) << 8 | Int(bytes[$0 + 1]), radix: 16) }
    return NetworkAddress(bytes: prefix, description: groups.joined(separator: ":") + "::/64")
  }

  package static func == (left: NetworkAddress, right: NetworkAddress) -> Bool { left.bytes == right.bytes }

  package func hash(into hasher: inout Hasher) { hasher.combine(bytes) }

  private static func parse(_ text: String, family: Int32, count: Int) -> [UInt8]? {
    // The system call reads no further than a NUL.
    guard !text.utf8.contains(0) else { return nil }
    var bytes = [UInt8](repeating: 0, count: count)
    return inet_pton(family, text, &bytes) == 1 ? bytes : nil
  }
}

/// An address or a CIDR range, as `10.0.0.0/8`.
package struct AddressRange: Sendable {
  private let base: NetworkAddress
  private let prefixLength: Int

  /// - Returns: `nil` when the text is neither.
  package init?(_ text: String) {
    let parts = text.cut(at: UInt8(ascii: "/"))
    guard let base = NetworkAddress(parts?.before ?? text) else { return nil }
    let bits = base.bytes.count * 8
    guard let length = parts.map({ Self.length($0.after) }) ?? bits, (0...bits).contains(length) else { return nil }
    self.base = base
    prefixLength = length
  }

  /// Digits only: `Int` also takes a sign.
  private static func length(_ text: String) -> Int? {
    text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(text) : nil
  }

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
