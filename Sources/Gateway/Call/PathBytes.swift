/// The characters of a path and their escapes (RFC 3986).
enum PathBytes {
  /// Decodes a segment once.
  ///
  /// - Returns: its text, and its spelling with only those escapes that it needs.
  static func decode(_ segment: RawSpan) throws(CallFailure) -> (text: String, spelling: String) {
    var (text, spelling): ([UInt8], [UInt8]) = ([], [])
    var index = 0
    while index < segment.byteCount {
      let byte = segment.unsafeLoad(fromByteOffset: index, as: UInt8.self)
      guard byte == UInt8(ascii: "%") else {
        guard byte > 0x20, byte != 0x7F, byte != UInt8(ascii: "\\") else { throw .path }
        text.append(byte)
        if isPlain(byte) { spelling.append(byte) } else { appendEscape(byte, to: &spelling) }
        index += 1
        continue
      }
      guard index + 2 < segment.byteCount,
        let high = digit(segment.unsafeLoad(fromByteOffset: index + 1, as: UInt8.self)),
        let low = digit(segment.unsafeLoad(fromByteOffset: index + 2, as: UInt8.self))
      else { throw .path }
      let decoded = high << 4 | low
      guard decoded >= 0x20, decoded != 0x7F, decoded != UInt8(ascii: "/"), decoded != UInt8(ascii: "\\") else {
        throw .path
      }
      text.append(decoded)
      if isUnreserved(decoded) { spelling.append(decoded) } else { appendEscape(decoded, to: &spelling) }
      index += 3
    }
    // Bytes that are no UTF-8 would be matched as something else than the server sees. Some servers read an overlong
    // form as a dot or a slash.
    guard let text = String(validating: text, as: UTF8.self) else { throw .path }
    return (text, String(decoding: spelling, as: UTF8.self))
  }

  /// A text of a document as a segment of a path. Escapes that it has stay.
  static func escaped(_ text: String) -> String {
    if text.utf8.allSatisfy({ isPlain($0) || $0 == UInt8(ascii: "%") }) { return text }
    var spelling: [UInt8] = []
    for byte in text.utf8 {
      if isPlain(byte) || byte == UInt8(ascii: "%") { spelling.append(byte) } else { appendEscape(byte, to: &spelling) }
    }
    return String(decoding: spelling, as: UTF8.self)
  }

  /// A character of a path that needs no escape.
  static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "!"), UInt8(ascii: "$"), UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "("),
      UInt8(ascii: ")"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: ","), UInt8(ascii: ";"),
      UInt8(ascii: "="), UInt8(ascii: ":"), UInt8(ascii: "@"):
      true
    default: isUnreserved(byte)
    }
  }

  private static func isUnreserved(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: "~"):
      true
    default: false
    }
  }

  private static func appendEscape(_ byte: UInt8, to text: inout [UInt8]) {
    let digits = Array("0123456789ABCDEF".utf8)
    text += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 0xF)]]
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x41 + 10
    case 0x61...0x66: byte - 0x61 + 10
    default: nil
    }
  }
}
