/// Finds the values of `Proxy-Connection` in a head, byte by byte, so that the decoder gets blanks in their place.
///
/// The decoder obeys the field as if it were `Connection`. But the version and `Connection` alone say whether a
/// connection goes on (RFC 9112, section 9.3). The other field is for a proxy before the gateway. One that does not
/// know it passes it on (appendix C.2.2), and then its own connection would end.
struct ProxyConnectionField {
  private enum Place {
    /// Behind so many bytes of the name, at the beginning of a line.
    case name(Int)
    case value
    /// In another field.
    case other
  }

  private static let name = Array("proxy-connection:".utf8)

  private var place = Place.name(0)

  /// Goes on to the next byte of the field lines.
  ///
  /// - Returns: whether the decoder gets a blank for it. A byte that makes a head invalid is never among these.
  mutating func hides(_ byte: UInt8) -> Bool {
    if byte == UInt8(ascii: "\n") {
      place = .name(0)
      return false
    }
    switch place {
    case .name(let count):
      let lowered = 0x41...0x5A ~= byte ? byte | 0x20 : byte
      guard lowered == Self.name[count] else {
        place = .other
        return false
      }
      place = count + 1 < Self.name.count ? .name(count + 1) : .value
      return false
    case .value: return 0x21...0x7E ~= byte
    case .other: return false
    }
  }
}
