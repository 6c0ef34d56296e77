/// Writes compact JSON: without whitespace, with the members in their order, and with only the necessary escapes.
///
/// Each value has exactly one spelling, so the bytes of two documents' fields can be compared without parsing them.
package enum JSONWriter {
  /// The compact form of a value, in UTF-8.
  package static func bytes(_ value: JSONValue) -> [UInt8] {
    var bytes: [UInt8] = []
    write(value, into: &bytes)
    return bytes
  }

  /// The compact form of an object, in UTF-8.
  package static func bytes(_ object: JSONObject) -> [UInt8] {
    bytes(.object(object))
  }

  /// The compact form of a value as a string.
  package static func text(_ value: JSONValue) -> String {
    String(decoding: bytes(value), as: UTF8.self)
  }

  /// Appends the compact form of a value.
  package static func write(_ value: JSONValue, into bytes: inout [UInt8]) {
    switch value {
    case .null: bytes.append(contentsOf: "null".utf8)
    case .bool(let value): bytes.append(contentsOf: (value ? "true" : "false").utf8)
    case .number(let number): bytes.append(contentsOf: number.literal.utf8)
    case .string(let string): write(string: string, into: &bytes)
    case .array(let elements):
      bytes.append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        write(element, into: &bytes)
      }
      bytes.append(UInt8(ascii: "]"))
    case .object(let object):
      bytes.append(UInt8(ascii: "{"))
      for (index, member) in object.members.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        write(string: member.key, into: &bytes)
        bytes.append(UInt8(ascii: ":"))
        write(member.value, into: &bytes)
      }
      bytes.append(UInt8(ascii: "}"))
    }
  }

  /// Appends a string with its quotes.
  package static func write(string: String, into bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    writeContent(of: string, into: &bytes)
    bytes.append(UInt8(ascii: "\""))
  }

  /// The content of a string in compact form, without its quotes.
  package static func content(of string: String) -> [UInt8] {
    var bytes: [UInt8] = []
    writeContent(of: string, into: &bytes)
    return bytes
  }

  /// Calls a body with the content of a string in compact form, without its quotes. Memory is allocated only for a
  /// string with escapes.
  package static func withContent<Value>(of string: String, _ body: (UnsafeRawBufferPointer) -> Value) -> Value {
    var text = string
    return text.withUTF8 { utf8 in
      let bytes = UnsafeRawBufferPointer(utf8)
      if JSONGrammar.endOfPlainText(in: bytes, from: 0) == nil { return body(bytes) }
      return content(of: string).withUnsafeBytes(body)
    }
  }

  private static func writeContent(of string: String, into bytes: inout [UInt8]) {
    var string = string
    string.withUTF8 { utf8 in
      let source = UnsafeRawBufferPointer(utf8)
      var start = 0
      while let stop = JSONGrammar.endOfPlainText(in: source, from: start) {
        bytes.append(contentsOf: source[start..<stop])
        writeEscape(of: source[stop], into: &bytes)
        start = stop + 1
      }
      bytes.append(contentsOf: source[start...])
    }
  }

  /// One character as it stands between a string's quotes: its bytes, the first one lowest, and how many there are.
  static func content(of scalar: Unicode.Scalar) -> (bytes: UInt64, count: Int) {
    let value = UInt64(scalar.value)
    // The bits of each byte behind the first.
    let (last, second, third) = (0x80 | value & 0x3F, 0x80 | value >> 6 & 0x3F, 0x80 | value >> 12 & 0x3F)
    switch value {
    case 0..<0x80:
      let byte = UInt8(value)
      return mustBeEscaped(byte) ? escape(of: byte) : (value, 1)
    case 0x80..<0x800: return (0xC0 | value >> 6 | last << 8, 2)
    case 0x800..<0x10000: return (0xE0 | value >> 12 | second << 8 | last << 16, 3)
    default: return (0xF0 | value >> 18 | third << 8 | second << 16 | last << 24, 4)
    }
  }

  /// The letter of the two-character escape sequence for a byte that can't stand in a string as it is; `nil` where only
  /// `\u00XX` is left.
  static func letter(forEscaping byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): byte
    case 0x08: UInt8(ascii: "b")
    case 0x09: UInt8(ascii: "t")
    case 0x0A: UInt8(ascii: "n")
    case 0x0C: UInt8(ascii: "f")
    case 0x0D: UInt8(ascii: "r")
    default: nil
    }
  }

  /// The escape sequence of a byte: its bytes, the first one lowest, and how many there are.
  private static func escape(of byte: UInt8) -> (bytes: UInt64, count: Int) {
    let backslash = UInt64(UInt8(ascii: "\\"))
    if let letter = letter(forEscaping: byte) { return (backslash | UInt64(letter) << 8, 2) }
    let digit = { (value: UInt8) in UInt64(value + (value < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10)) }
    // `u00` is 0x75, 0x30, 0x30.
    return (backslash | 0x30_30_75 << 8 | digit(byte >> 4) << 32 | digit(byte & 15) << 40, 6)
  }

  private static func writeEscape(of byte: UInt8, into bytes: inout [UInt8]) {
    var (escape, count) = escape(of: byte)
    while count > 0 {
      bytes.append(UInt8(truncatingIfNeeded: escape))
      escape >>= 8
      count -= 1
    }
  }

  private static func mustBeEscaped(_ byte: UInt8) -> Bool {
    byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
  }
}
