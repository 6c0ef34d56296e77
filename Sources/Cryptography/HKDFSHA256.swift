/// HKDF-SHA256 (RFC 5869).
package enum HKDFSHA256 {
  /// Bytes of the longest output: 255 blocks.
  private static let maximum = 255 * SHA256Stream.digestSize

  /// Derives a key, 32 bytes.
  ///
  /// - Parameters:
  ///   - material: the input keying material. It is not kept.
  ///   - info: says what the key is for.
  package static func key(
    material: some Sequence<UInt8>, salt: [UInt8], info: String
  ) throws(CryptographyError) -> [UInt8] {
    try bytes(SHA256Stream.digestSize, material: material, salt: salt, info: Array(info.utf8))
  }

  /// Derives some bytes.
  ///
  /// - Parameters:
  ///   - count: at most 8,160.
  ///   - material: the input keying material. It is not kept.
  ///   - salt: may be empty, which equals 32 zeros.
  ///   - info: says what the bytes are for.
  package static func bytes(
    _ count: Int, material: some Sequence<UInt8>, salt: [UInt8], info: [UInt8]
  ) throws(CryptographyError) -> [UInt8] {
    guard 0...maximum ~= count else { throw CryptographyError("HKDF-SHA256") }
    var material = Array(material)
    defer { SecretBytes.wipe(&material) }
    var extracted = try HMACSHA256.code(key: salt, material)
    defer { SecretBytes.wipe(&extracted) }
    var output: [UInt8] = []
    // With its whole capacity from the start, the array leaves no copy of secret bytes behind.
    output.reserveCapacity(count + SHA256Stream.digestSize)
    var block: [UInt8] = []
    defer { SecretBytes.wipe(&block) }
    var number: UInt8 = 0
    while output.count < count {
      number += 1
      block = try HMACSHA256.code(key: extracted, block + info + [number])
      output += block
    }
    output.removeLast(output.count - count)
    return output
  }
}
