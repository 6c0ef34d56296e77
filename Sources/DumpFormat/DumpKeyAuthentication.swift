import COpenSSL

extension DumpKey {
  /// Of another length than a dump's salt, so that no purpose leads to the key of a dump.
  private static let authenticationSalt = Array("gatehouse-authentication-code-v1".utf8)

  /// HMAC-SHA256 under a key that is derived for one purpose: a small file beside the dumps says with it that who wrote
  /// it has the dumps' key.
  ///
  /// - Parameters:
  ///   - bytes: what the code vouches for.
  ///   - purpose: what the bytes are, as `writer-state-v1`. A code for one purpose is none for another.
  /// - Returns: 32 bytes.
  package func authenticationCode(of bytes: [UInt8], purpose: String) throws(DumpFormatError) -> [UInt8] {
    var key = try KeyDerivation.hkdf(self, salt: Self.authenticationSalt, info: purpose)
    defer { key.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) } }
    return try HMACSHA256.code(key: key, bytes)
  }

  /// Whether a code is the one for these bytes and this purpose; takes as long whatever part of it differs.
  package func isAuthentic(
    _ code: [UInt8], of bytes: [UInt8], purpose: String
  ) throws(DumpFormatError) -> Bool {
    let expected = try authenticationCode(of: bytes, purpose: purpose)
    return code.count == expected.count && CRYPTO_memcmp(code, expected, expected.count) == 0
  }
}
