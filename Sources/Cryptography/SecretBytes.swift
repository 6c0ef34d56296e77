import COpenSSL

/// Operations on bytes that nobody may learn.
package enum SecretBytes {
  /// Overwrites bytes with zeros. The compiler does not remove this.
  package static func wipe(_ bytes: inout [UInt8]) {
    bytes.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) }
  }

  /// Compares in a time that depends on the lengths only.
  package static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.count == right.count && CRYPTO_memcmp(left, right, left.count) == 0
  }
}
