/// The value of `X-Request-ID` and `request_id`.
package enum RequestIdentifier {
  private static let maximumLength = 128

  /// The caller's own where it is sane (so that it can stand in a log line), else a new UUID.
  ///
  /// - Parameters:
  ///   - field: the value of `X-Request-ID`, if there is one.
  ///   - generator: of a new identifier, which need not be a secret.
  package static func of(_ field: String?, using generator: inout some RandomNumberGenerator) -> String {
    if let field, isUsable(field) { return field }
    let (high, low) = random(using: &generator)
    return text(high, low)
  }

  /// Whether a caller's own identifier can stand in a log line.
  package static func isUsable(_ field: String) -> Bool {
    (1...maximumLength).contains(field.utf8.count) && field.utf8.allSatisfy(isSane)
  }

  /// The halves of a UUID of version 4 (RFC 9562, section 5.4). `UUID` of Foundation opens the system's random device
  /// for each.
  package static func random(using generator: inout some RandomNumberGenerator) -> (UInt64, UInt64) {
    let (high, low): (UInt64, UInt64) = (generator.next(), generator.next())
    return (high & ~0xF000 | 0x4000, low & ~(0b11 << 62) | 0b10 << 62)
  }

  /// A UUID as text.
  package static func text(_ high: UInt64, _ low: UInt64) -> String {
    return String(unsafeUninitializedCapacity: 36) { text in
      var position = 0
      for index in 0..<32 {
        if [8, 12, 16, 20].contains(index) {
          text[position] = UInt8(ascii: "-")
          position += 1
        }
        let half = index < 16 ? high : low
        let digit = UInt8(truncatingIfNeeded: half >> UInt64(60 - index % 16 * 4)) & 0xF
        text[position] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
        position += 1
      }
      return position
    }
  }

  private static func isSane(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
      UInt8(ascii: ":"):
      true
    default: false
    }
  }
}
