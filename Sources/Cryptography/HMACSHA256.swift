import COpenSSL

/// HMAC-SHA256 (RFC 2104).
package enum HMACSHA256 {
  /// Computes a code, 32 bytes.
  package static func code(key: [UInt8], _ message: [UInt8]) throws(CryptographyError) -> [UInt8] {
    var output = [UInt8](repeating: 0, count: SHA256Stream.digestSize)
    var count: UInt32 = 0
    guard HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &output, &count) != nil,
      Int(count) == output.count
    else { throw CryptographyError("HMAC-SHA256") }
    return output
  }
}

/// HKDF-SHA256 (RFC 5869) for one key of 32 bytes.
package enum HKDFSHA256 {
  /// Derives a key, 32 bytes.
  ///
  /// - Parameters:
  ///   - material: the input keying material. It is not kept.
  ///   - info: says what the key is for.
  package static func key(
    material: some Sequence<UInt8>, salt: [UInt8], info: String
  ) throws(CryptographyError) -> [UInt8] {
    var material = Array(material)
    defer { SecretBytes.wipe(&material) }
    var extracted = try HMACSHA256.code(key: salt, material)
    defer { SecretBytes.wipe(&extracted) }
    // One block is all that 32 bytes need: T(1) = HMAC(PRK, info ‖ 1).
    return try HMACSHA256.code(key: extracted, Array(info.utf8) + [1])
  }
}
