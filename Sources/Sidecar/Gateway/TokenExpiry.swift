import JSON

/// Reads when a JSON Web Token expires (RFC 7519). The gateway judges the token. This only tells when to get a new one.
enum TokenExpiry {
  /// The expiry of a token.
  ///
  /// - Returns: Unix seconds, or `nil` if the token has no expiry.
  static func seconds(of token: String) -> Int? {
    let parts = token.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, let claims = decoded(parts[1]) else { return nil }
    return (try? JSONParser().parseObject(claims))?["exp"]?.number.map { $0.int ?? Int(clamping: $0.double) }
  }

  /// Decodes Base64url without padding.
  private static func decoded(_ text: Substring) -> [UInt8]? {
    var bytes: [UInt8] = []
    var (bits, count) = (0, 0)
    for character in text.utf8 {
      guard let value = value(of: character) else { return nil }
      bits = bits << 6 | value
      count += 6
      if count >= 8 {
        count -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> count))
        bits &= (1 << count) - 1
      }
    }
    return bytes
  }

  private static func value(of character: UInt8) -> Int? {
    switch character {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): Int(character) - 65
    case UInt8(ascii: "a")...UInt8(ascii: "z"): Int(character) - 71
    case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(character) + 4
    case UInt8(ascii: "-"): 62
    case UInt8(ascii: "_"): 63
    default: nil
    }
  }
}

extension Int {
  /// The nearest integer to a number that may be infinite.
  fileprivate init(clamping number: Double) {
    self = number >= 9e18 ? .max : number <= -9e18 ? .min : Int(number)
  }
}
