import JSON

/// The places of a request where a token may stand.
package enum RequestToken {
  /// The cookie that holds the token.
  package static let cookie = "access_token_cookie"

  /// The token of the header field `Authorization`, or `nil` when there is none.
  ///
  /// - Parameter fields: all values. With two of them, a proxy might have checked the other one, so none counts.
  package static func inAuthorization(_ fields: [String]) -> String? {
    guard fields.count == 1, let (scheme, credentials) = fields.first?.cut(at: UInt8(ascii: " ")),
      scheme.asciiLowercased.hasSameBytes(as: "bearer")
    else { return nil }
    let token = credentials.withoutOuterSpace
    return token.isEmpty ? nil : token
  }

  /// The value of the first cookie of a name, without the quotes that may stand around it (RFC 6265 section 4.1.1).
  ///
  /// - Parameter lines: the values of `Cookie`.
  package static func cookie(_ name: String, in lines: some Sequence<String>) -> String? {
    for line in lines {
      for pair in line.allParts(betweenBytes: UInt8(ascii: ";")) {
        guard let (key, value) = pair.cut(at: UInt8(ascii: "=")), key.withoutOuterSpace.hasSameBytes(as: name) else {
          continue
        }
        return unquoted(value.withoutOuterSpace)
      }
    }
    return nil
  }

  private static func unquoted(_ value: String) -> String {
    let quote = UInt8(ascii: "\"")
    guard value.utf8.count >= 2, value.utf8.first == quote, value.utf8.last == quote else { return value }
    return String(decoding: value.utf8.dropFirst().dropLast(), as: UTF8.self)
  }
}
