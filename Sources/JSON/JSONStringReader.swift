/// Reads one string of a JSON text, from its opening quote to its closing one.
struct JSONStringReader {
  private let bytes: UnsafeRawBufferPointer
  private let dialect: JSONParser.Dialect
  private(set) var position: Int

  init(bytes: UnsafeRawBufferPointer, position: Int, dialect: JSONParser.Dialect) {
    self.bytes = bytes
    self.position = position
    self.dialect = dialect
  }

  mutating func read() throws(JSONError) -> String {
    position += 1
    let start = position
    guard let stop = JSONGrammar.endOfPlainText(in: bytes, from: position) else {
      throw JSONError(.unexpectedEnd, at: bytes.count)
    }
    position = stop
    if bytes[stop] == UInt8(ascii: "\"") {
      position += 1
      return try string(of: bytes[start..<stop], at: start)
    }
    return try readEscaped(from: start)
  }

  /// The slow way, for strings with escapes: the bytes are gathered, then checked as a whole.
  private mutating func readEscaped(from start: Int) throws(JSONError) -> String {
    var text: [UInt8] = Array(bytes[start..<position])
    while true {
      guard let stop = JSONGrammar.endOfPlainText(in: bytes, from: position) else {
        throw JSONError(.unexpectedEnd, at: bytes.count)
      }
      text.append(contentsOf: bytes[position..<stop])
      position = stop
      switch bytes[stop] {
      case UInt8(ascii: "\""):
        position += 1
        return try text.withUnsafeBytesOrError { (raw) throws(JSONError) in try string(of: raw[...], at: start) }
      case UInt8(ascii: "\\"):
        try readEscape(into: &text)
      default:
        throw JSONError(.unexpectedByte, at: stop)
      }
    }
  }

  private mutating func readEscape(into text: inout [UInt8]) throws(JSONError) {
    let start = position
    guard position + 1 < bytes.count else { throw JSONError(.unexpectedEnd, at: bytes.count) }
    let letter = bytes[position + 1]
    position += 2
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"): text.append(contentsOf: String(Character(try readScalar(from: start))).utf8)
    default: throw JSONError(.invalidEscape, at: start)
    }
  }

  /// `\uXXXX`, or two of them that make a surrogate pair.
  private mutating func readScalar(from start: Int) throws(JSONError) -> Unicode.Scalar {
    let unit = try readHexadecimal(from: start)
    if let scalar = Unicode.Scalar(unit) { return scalar }
    if unit < 0xDC00, position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
      bytes[position + 1] == UInt8(ascii: "u")
    {
      let before = position
      position += 2
      let low = try readHexadecimal(from: start)
      if (0xDC00...0xDFFF).contains(low),
        let scalar = Unicode.Scalar(0x10000 + (UInt32(unit - 0xD800) << 10) + UInt32(low - 0xDC00))
      {
        return scalar
      }
      position = before
    }
    guard dialect == .python else { throw JSONError(.invalidEscape, at: start) }
    return "\u{FFFD}"
  }

  private mutating func readHexadecimal(from start: Int) throws(JSONError) -> UInt16 {
    guard position + 4 <= bytes.count else { throw JSONError(.unexpectedEnd, at: bytes.count) }
    var value: UInt16 = 0
    for index in position..<position + 4 {
      guard let digit = Character(Unicode.Scalar(bytes[index])).hexDigitValue, bytes[index] < 0x80 else {
        throw JSONError(.invalidEscape, at: start)
      }
      value = value << 4 | UInt16(digit)
    }
    position += 4
    return value
  }

  private func string(of slice: Slice<UnsafeRawBufferPointer>, at start: Int) throws(JSONError) -> String {
    guard let string = String(validating: slice, as: UTF8.self) else { throw JSONError(.invalidUTF8, at: start) }
    return string
  }
}

extension Array where Element == UInt8 {
  /// `withUnsafeBytes` that carries a typed error.
  func withUnsafeBytesOrError<Value>(
    _ body: (UnsafeRawBufferPointer) throws(JSONError) -> Value
  ) throws(JSONError) -> Value {
    try withUnsafeBytes { bytes in Result { () throws(JSONError) in try body(bytes) } }.get()
  }
}
