import Model
import NIOCore
import TestSupport
import Testing

@testable import Listener

@Suite("The addresses of recent clients")
struct RecentAddressesTests {
  private func socket(_ text: String, port: Int = 1) throws -> SocketAddress {
    try SocketAddress(ipAddress: text, port: port)
  }

  /// An address, many of which have most bits in common.
  private func text(_ generator: inout SeededGenerator) -> String {
    let part = { (generator: inout SeededGenerator) in [0, 1, 127, 255].randomElement(using: &generator) ?? 0 }
    let four = (0..<4).map { _ in String(part(&generator)) }.joined(separator: ".")
    switch Int.random(in: 0..<4, using: &generator) {
    case 0: return four
    case 1: return "::ffff:\(four)"
    case 2: return "::\(four)"
    default: return (0..<8).map { _ in String(part(&generator), radix: 16) }.joined(separator: ":")
    }
  }

  @Test("are those of their sockets, however many have come before", arguments: 0..<10)
  func random(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    var recent = RecentAddresses()
    for _ in 0..<3000 {
      let text = text(&generator)
      let expected = try #require(NetworkAddress(text))
      let address = recent.address(of: try socket(text, port: Int.random(in: 1...9, using: &generator)))
      #expect(address == expected, "\(text)")
    }
  }

  @Test("have the usual spelling, at the first time and later")
  func spelling() throws {
    var recent = RecentAddresses()
    let spellings = [
      "192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1", "2001:db8::1": "2001:db8::1", "::1": "::1",
      "::192.0.2.1": "::192.0.2.1",
    ]
    for _ in 0..<2 {
      for (text, spelling) in spellings {
        let address = recent.address(of: try socket(text))
        #expect(address?.description == spelling)
      }
    }
  }

  @Test("do not exist for sockets without one")
  func none() throws {
    var recent = RecentAddresses()
    for socket in [nil, try SocketAddress(unixDomainSocketPath: "/x")] {
      let address = recent.address(of: socket)
      #expect(address == nil)
    }
  }
}
