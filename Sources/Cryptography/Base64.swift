/// Base64 (RFC 4648), read strictly: each value has one spelling.
package struct Base64: Sendable {
  /// The usual alphabet with padding (RFC 4648 section 4).
  package static let standard = Base64(last: "+/", isPadded: true)
  /// The alphabet for URLs without padding (RFC 4648 section 5, RFC 7515 section 2).
  package static let url = Base64(last: "-_", isPadded: false)

  private static let padding = UInt8(ascii: "=")
  private static let notALetter: UInt8 = 0xFF

  private let letters: [UInt8]
  /// For each byte the six bits that it stands for, or `notALetter`.
  private let bits: [UInt8]
  private let isPadded: Bool

  private init(last: String, isPadded: Bool) {
    letters = Array(("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + last).utf8)
    var bits = [UInt8](repeating: Self.notALetter, count: 256)
    for (index, letter) in letters.enumerated() { bits[Int(letter)] = UInt8(index) }
    self.bits = bits
    self.isPadded = isPadded
  }

  /// The letters of some bytes, as ASCII.
  package func encode(_ bytes: [UInt8]) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
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
    while isPadded, !text.count.isMultiple(of: 4) { text.append(Self.padding) }
    return text
  }

  /// Reads letters.
  ///
  /// - Returns: `nil` when padding is missing or is not allowed, when a byte is not of the alphabet, when no bytes have
  ///   this many letters, or when bits behind the last byte are not zero.
  package func decode(_ text: ArraySlice<UInt8>) -> [UInt8]? {
    var letters = text
    if isPadded {
      guard letters.count.isMultiple(of: 4) else { return nil }
      for _ in 0..<2 where letters.last == Self.padding { letters.removeLast() }
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(letters.count * 3 / 4)
    var (pending, count): (UInt32, UInt32) = (0, 0)
    for letter in letters {
      let value = bits[Int(letter)]
      guard value != Self.notALetter else { return nil }
      (pending, count) = (pending << 6 | UInt32(value), count + 6)
      guard count >= 8 else { continue }
      count -= 8
      bytes.append(UInt8(pending >> count))
      pending &= (1 << count) - 1
    }
    return count < 6 && pending == 0 ? bytes : nil
  }
}
