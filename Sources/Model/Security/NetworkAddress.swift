import Glibc
import JSON

/// An IP address. An IPv4 address that is written as an IPv6 one (`::ffff:1.2.3.4`) is the IPv4 address.
package struct NetworkAddress: Sendable, Hashable, CustomStringConvertible {
  /// 4 or 16 bytes.
  let bytes: [UInt8]
  /// The address in its usual spelling.
  package let description: String

  /// Reads an address.
  ///
  /// - Returns: `nil` when the text is no address.
  package init?(_ text: String) {
    // A zone (`fe80::1%eth0`) names an interface of this host. It is not a part of the address.
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

  /// Whether the address is one of this host alone.
  package var isLoopback: Bool {
    bytes.count == 4 ? bytes[0] == 127 : bytes == Array(repeating: 0, count: 15) + [1]
  }

  /// The key by which limits count. For an IPv6 address it is the network of 64 bits, since a client can take any
  /// address of its network.
  package var network: NetworkAddress {
    guard bytes.count == 16, !isLoopback else { return self }
    let prefix = Array(bytes[..<8]) + [UInt8](repeating: 0, count: 8)
    let groups = stride(from: 0, to: 8, by: 2).map { String(Int(bytes[$0]) << 8 | Int(bytes[$0 + 1]), radix: 16) }
    return NetworkAddress(bytes: prefix, description: groups.joined(separator: ":") + "::/64")
  }

  /// Whether two addresses have the same bytes.
  package static func == (left: NetworkAddress, right: NetworkAddress) -> Bool { left.bytes == right.bytes }

  /// Hashes the bytes.
  package func hash(into hasher: inout Hasher) { hasher.combine(bytes) }

  private static func parse(_ text: String, family: Int32, count: Int) -> [UInt8]? {
    // The system call reads no further than a NUL.
    guard !text.utf8.contains(0) else { return nil }
    var bytes = [UInt8](repeating: 0, count: count)
    return inet_pton(family, text, &bytes) == 1 ? bytes : nil
  }
}
