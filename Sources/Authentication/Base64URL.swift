/// Base64url without padding (RFC 4648 section 5, RFC 7515 section 2), read strictly: each value has one spelling.
enum Base64URL {
  private static let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

  /// For each byte the six bits that it stands for, or `notALetter`.
  private static let bits: [UInt8] = {
    var bits = [UInt8](repeating: notALetter, count: 256)
    for (index, letter) in letters.enumerated() { bits[Int(letter)] = UInt8(index) }
    return bits
  }()
  private static let notALetter: UInt8 = 0xFF

  static func encode(_ bytes: [UInt8]) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count * 4 + 2) / 3)
    var (pending, count): (UInt32, UInt32) = (0, 0)
    for byte in bytes {
      (pending, count) = (pending << 8 | UInt32(byte), count + 8)
      while count >= 6 {
        count -= 6
        text.append(letters[Int(pending >> count & 0x3F)])
      }
      pending &= (1 << count) - 1
    }
    if count > 0 { text.append(letters[Int(pending << (6 - count))]) }
    return text
  }

  /// - Returns: `nil` when the text has padding, a byte outside the alphabet, a length that no bytes have, or bits
  ///   behind the last byte that are not zero.
  static func decode(_ text: ArraySlice<UInt8>) -> [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count * 3 / 4)
    var (pending, count): (UInt32, UInt32) = (0, 0)
    for letter in text {
      let value = bits[Int(letter)]
      guard value != notALetter else { return nil }
      (pending, count) = (pending << 6 | UInt32(value), count + 6)
      guard count >= 8 else { continue }
      count -= 8
      bytes.append(UInt8(pending >> count))
      pending &= (1 << count) - 1
    }
    return count < 6 && pending == 0 ? bytes : nil
  }
}
