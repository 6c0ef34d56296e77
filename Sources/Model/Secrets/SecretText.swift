import JSON

/// Secrets inside of texts whose fields are none: the password of an address, a token in its query, a hash.
package enum SecretText {
  /// The text that stands in the place of a secret.
  package static let mask = "***"

  /// A text without the secrets in it.
  package static func masked(_ text: String) -> String {
    if isSecret(text) { return mask }
    guard text.utf8.contains(where: { [UInt8(ascii: "@"), UInt8(ascii: "="), UInt8(ascii: ":")].contains($0) }) else {
      return text
    }
    return maskedParameters(maskedAccount(text))
  }

  /// Whether a text as a whole is a credential: a header's value, a password's hash, a key or a signed token.
  private static func isSecret(_ text: String) -> Bool {
    let small = text.asciiLowercased
    if schemes.contains(where: small.beginsWithBytes) || hashes.contains(where: text.beginsWithBytes) { return true }
    if text.utf8.firstRange(of: "-----BEGIN ".utf8) != nil { return true }
    return text.beginsWithBytes("eyJ") && text.utf8.count { $0 == UInt8(ascii: ".") } >= 2
  }

  /// The schemes of HTTP's `Authorization`.
  private static let schemes = ["bearer ", "basic ", "digest "]
  /// The beginnings of hashes in the forms of crypt(3) and LDAP.
  private static let hashes = ["$1$", "$2a$", "$2b$", "$2y$", "$5$", "$6$", "$y$", "$argon2", "$scrypt$", "{SSHA"]

  /// Masks the account of addresses, as in `https://name:password@host/`, also without a scheme.
  private static func maskedAccount(_ text: String) -> String {
    let bytes = Array(text.utf8)
    var (result, copied): ([UInt8], Int) = ([], 0)
    func mask(_ authority: Range<Int>, needsPassword: Bool) {
      guard let at = bytes[authority].lastIndex(of: UInt8(ascii: "@")),
        !needsPassword || bytes[authority.lowerBound..<at].contains(UInt8(ascii: ":"))
      else { return }
      result += bytes[copied..<authority.lowerBound] + Array(Self.mask.utf8)
      copied = at
    }
    var start = 0
    let slashes = Array("://".utf8)
    while start < bytes.count {
      let end = bytes[start...].firstIndex(where: endsAuthority) ?? bytes.endIndex
      let isScheme = bytes[end...].starts(with: slashes.dropFirst()) && end > start && bytes[end - 1] == slashes[0]
      if isScheme {
        let first = end + 2
        let last = bytes[first...].firstIndex(where: endsAuthority) ?? bytes.endIndex
        mask(first..<last, needsPassword: false)
        start = last + 1
      } else {
        mask(start..<end, needsPassword: true)
        start = end + 1
      }
    }
    return String(decoding: result + bytes[copied...], as: UTF8.self)
  }

  private static func endsAuthority(_ byte: UInt8) -> Bool {
    byte <= 0x20 || "/?#\",=&".utf8.contains(byte)
  }

  /// Masks the values of parameters and header fields with names of secrets, as `?api_key=…` and `X-Api-Key: …`.
  private static func maskedParameters(_ text: String) -> String {
    var result: [UInt8] = []
    var name: [UInt8] = []
    /// The bytes that end the value which is left out.
    var hiddenUntil: [UInt8]?
    for byte in text.utf8 {
      if let ends = hiddenUntil {
        guard ends.contains(byte) else { continue }
        (hiddenUntil, name) = (nil, [])
        result.append(byte)
      } else if byte <= 0x20 || "?&;#,".utf8.contains(byte) {
        name = []
        result.append(byte)
      } else if byte == UInt8(ascii: "=") || byte == UInt8(ascii: ":") && !name.contains(UInt8(ascii: "/")),
        SecretFields.isSecretName(String(decoding: name, as: UTF8.self))
      {
        let isField = byte == UInt8(ascii: ":")
        hiddenUntil = Array((isField ? ",;\r\n" : "&;#, \t\r\n").utf8)
        result += [byte] + Array(mask.utf8)
      } else {
        result.append(byte)
        name.append(byte)
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}
