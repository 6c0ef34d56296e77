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

extension DMP1 {
  static func note(_ order: DumpOrder?) -> String {
    order.map { "; gatehouse epoch=\($0.epoch) sequence=\($0.sequence)" } ?? ""
  }

  /// The order in the note of a dump's beginning.
  static func order(in text: String) -> DumpOrder? {
    guard let mark = text.firstRange(of: "; gatehouse epoch=") else { return nil }
    let rest = text[mark.upperBound...]
    let epoch = rest.prefix { $0.isWholeNumber }
    let tail = rest.dropFirst(epoch.count)
    let word = " sequence="
    guard tail.hasPrefix(word), let epoch = Int(epoch),
      let sequence = Int(tail.dropFirst(word.count).prefix { $0.isWholeNumber })
    else { return nil }
    return DumpOrder(epoch: epoch, sequence: sequence)
  }
}
