import COpenSSL

/// HKDF-SHA256 (RFC 5869) for one key of 32 bytes, as the peer derives a dump's key.
enum KeyDerivation {
  static func hkdf(_ key: DumpKey, salt: [UInt8], info: String) throws(DumpFormatError) -> [UInt8] {
    var material = Array(key.string.utf8)
    defer { material.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) } }
    let extracted = try HMACSHA256.code(key: salt, material)
    // One block is all that 32 bytes need: T(1) = HMAC(PRK, info ‖ 1).
    return try HMACSHA256.code(key: extracted, Array(info.utf8) + [1])
  }
}

/// HMAC-SHA256 (RFC 2104).
enum HMACSHA256 {
  static func code(key: [UInt8], _ message: [UInt8]) throws(DumpFormatError) -> [UInt8] {
    var output = [UInt8](repeating: 0, count: SHA256Stream.digestSize)
    var count: UInt32 = 0
    guard HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &output, &count) != nil,
      Int(count) == output.count
    else { throw .library("HMAC-SHA256") }
    return output
  }
}
