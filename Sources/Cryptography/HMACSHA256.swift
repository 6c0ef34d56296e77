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
