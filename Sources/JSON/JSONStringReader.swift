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
        let (scalar, end) = try JSONEscape.read(in: bytes, at: stop, dialect: dialect)
        text.append(contentsOf: scalar.utf8)
        position = end
      default:
        throw JSONError(.unexpectedByte, at: stop)
      }
    }
  }

  private func string(of slice: Slice<UnsafeRawBufferPointer>, at start: Int) throws(JSONError) -> String {
    guard let string = String(validating: slice, as: UTF8.self) else { throw JSONError(.invalidUTF8, at: start) }
    return string
  }
}

extension JSONParser {
  /// The text that a JSON string stands for.
  ///
  /// - Parameter json: the string with its quotes, and nothing else.
  /// - Returns: `nil` when the bytes are no JSON string.
  package static func string(of json: UnsafeRawBufferPointer) -> String? {
    guard json.first == UInt8(ascii: "\"") else { return nil }
    var reader = JSONStringReader(bytes: json, position: 0, dialect: .strict)
    // Only the absence counts: the caller says where it looked.
    guard let text = try? reader.read(), reader.position == json.count else { return nil }
    return text
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
