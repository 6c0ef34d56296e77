import JSON

/// The address at which other tasks reach this one, as a setting has it: a host, perhaps with a port.
package struct AdvertisedAddress: Sendable, Equatable {
  /// A name or an address, without brackets.
  package let host: String
  /// `nil`: the port on which the gateway listens.
  package let port: Int?

  /// Reads `host`, `host:port`, `[IPv6]` or `[IPv6]:port`.
  package init?(_ text: String) {
    let bytes = Array(text.utf8)
    var (host, rest): (ArraySlice<UInt8>, ArraySlice<UInt8>)
    if bytes.first == UInt8(ascii: "[") {
      guard let end = bytes.firstIndex(of: UInt8(ascii: "]")) else { return nil }
      (host, rest) = (bytes[1..<end], bytes[(end + 1)...])
      guard host.contains(UInt8(ascii: ":")) else { return nil }
    } else {
      let end = bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.endIndex
      (host, rest) = (bytes[..<end], bytes[end...])
    }
    guard !host.isEmpty, host.allSatisfy(Self.isHostCharacter) else { return nil }
    self.host = String(decoding: host, as: UTF8.self)
    guard rest.popFirst() != nil else {
      port = nil
      return
    }
    guard bytes[rest.startIndex - 1] == UInt8(ascii: ":"), rest.allSatisfy({ 0x30...0x39 ~= $0 }),
      let number = Int(String(decoding: rest, as: UTF8.self)), 1...65_535 ~= number
    else { return nil }
    port = number
  }

  private static func isHostCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: ":"), UInt8(ascii: "%"):
      true
    default: false
    }
  }

  /// The first address of the task in the metadata of its ECS container (version 4), or `nil` when there is none.
  static func address(inMetadata body: [UInt8]) -> String? {
    guard let container = try? JSONParser().parseObject(body) else { return nil }
    let network = container["Networks"]?.array?.first?.object
    let addresses = [network?["IPv4Addresses"], network?["IPv6Addresses"]].flatMap { $0?.strings ?? [] }
    return addresses.first
  }
}
