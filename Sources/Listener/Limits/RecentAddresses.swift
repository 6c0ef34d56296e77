import Model
import NIOCore

/// The addresses of clients that came lately. To make one takes several texts, and most clients come again.
struct RecentAddresses: Sendable {
  /// The 16 bytes of an IPv6 address. Those of an IPv4 address are the bytes of its IPv6 spelling (`::ffff:1.2.3.4`).
  private struct Key: Sendable, Equatable {
    let high: UInt64
    let low: UInt64

    /// - Returns: `nil` for a socket that is not of IP.
    init?(_ socket: SocketAddress) {
      // The address stands behind the family and the port, in IPv6 also behind the flow (`struct sockaddr_in6`).
      switch socket {
      case .v4(let four):
        high = 0
        low = withUnsafeBytes(of: four.address) {
          0xFFFF_0000_0000 | UInt64(UInt32(bigEndian: $0.loadUnaligned(fromByteOffset: 4, as: UInt32.self)))
        }
      case .v6(let six):
        (high, low) = withUnsafeBytes(of: six.address) {
          (
            UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
            UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
          )
        }
      case .unixDomainSocket: return nil
      }
    }

    /// A number of 8 bits. Addresses beside each other have different ones.
    var place: Int { Int(truncatingIfNeeded: ((high ^ low) &* 0x9E37_79B9_7F4A_7C15) >> 56) }
  }

  private struct Known: Sendable {
    let key: Key
    let address: NetworkAddress
  }

  private var known = [Known?](repeating: nil, count: 256)

  /// The address of a socket's other end.
  mutating func address(of socket: SocketAddress?) -> NetworkAddress? {
    guard let socket, let key = Key(socket) else { return nil }
    if let recent = known[key.place], recent.key == key { return recent.address }
    guard let address = socket.ipAddress.flatMap(NetworkAddress.init) else { return nil }
    known[key.place] = Known(key: key, address: address)
    return address
  }
}
