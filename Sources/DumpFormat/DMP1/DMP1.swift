import Cryptography

/// Doorman's layout: `"DMP1"` ‖ salt 16 ‖ nonce 12 ‖ AES-256-GCM ciphertext ‖ tag 16, no associated data; the key is
/// HKDF-SHA256 of the key string. The plaintext is one compact JSON object (see `DMP1Writer`).
enum DMP1 {
  static let magic = Array("DMP1".utf8)
  /// Where the salt of the key stands in the file.
  static let salt = magic.count..<magic.count + 16
  /// Where the nonce stands in the file.
  static let nonce = salt.upperBound..<salt.upperBound + GCMStream.nonceSize
  /// Bytes before the encrypted text.
  static let headerSize = nonce.upperBound
  /// Bytes around the encrypted text. The tag ends the file.
  static let overhead = headerSize + GCMStream.tagSize
  static let keyInformation = "doorman-mem-dump-v1"
  /// The version of the envelope.
  static let version = 1

  /// The bytes before the encrypted text.
  static func clearBytes(salt: [UInt8], nonce: [UInt8]) -> [UInt8] { magic + salt + nonce }

  /// Derives the key of a dump.
  static func key(_ key: DumpKey, salt: [UInt8]) throws(DumpFormatError) -> [UInt8] {
    try cryptographic { () throws(CryptographyError) in
      try HKDFSHA256.key(material: key.string.utf8, salt: salt, info: keyInformation)
    }
  }
}
