/// The peer's layout: `"DMP1"` ‖ salt 16 ‖ nonce 12 ‖ AES-256-GCM ciphertext ‖ tag 16, no associated data; the key is
/// HKDF-SHA256 of the key string. The plaintext is one compact JSON object (see `DMP1Writer`).
enum DMP1 {
  static let magic = Array("DMP1".utf8)
  static let saltSize = 16
  static let headerSize = magic.count + saltSize + GCMStream.nonceSize
  static let overhead = headerSize + GCMStream.tagSize
  static let keyInformation = "doorman-mem-dump-v1"
  static let version = 1

  static func key(_ key: DumpKey, salt: [UInt8]) throws(DumpFormatError) -> [UInt8] {
    try KeyDerivation.hkdf(key, salt: salt, info: keyInformation)
  }
}
