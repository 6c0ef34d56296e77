import Cryptography

extension DumpKey {
  /// The salt for authentication codes. Its length differs from that of a dump's salt, so that no purpose leads to the key
  /// of a dump.
  private static let authenticationSalt = Array("gatehouse-authentication-code-v1".utf8)

  /// HMAC-SHA256 under a key that is derived for one purpose. A small file beside the dumps proves with it that its writer
  /// has the dumps' key.
  ///
  /// - Parameters:
  ///   - bytes: the bytes that the code authenticates.
  ///   - purpose: says what the bytes are, as `writer-state-v1`. A code for one purpose is none for another.
  /// - Returns: 32 bytes.
  package func authenticationCode(of bytes: [UInt8], purpose: String) throws(DumpFormatError) -> [UInt8] {
    try cryptographic { () throws(CryptographyError) in
      var key = try HKDFSHA256.key(material: string.utf8, salt: Self.authenticationSalt, info: purpose)
      defer { SecretBytes.wipe(&key) }
      return try HMACSHA256.code(key: key, bytes)
    }
  }

  /// Whether a code is the one for these bytes and this purpose. The time does not depend on where they differ.
  package func isAuthentic(
    _ code: [UInt8], of bytes: [UInt8], purpose: String
  ) throws(DumpFormatError) -> Bool {
    SecretBytes.areEqual(code, try authenticationCode(of: bytes, purpose: purpose))
  }
}
