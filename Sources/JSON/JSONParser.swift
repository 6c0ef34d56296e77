/// A strict parser for RFC 8259: it accepts only UTF-8, and it bounds the depth.
package struct JSONParser: Sendable {
  /// The extensions of RFC 8259 that are accepted.
  package enum Dialect: Sendable {
    case strict
    /// The extensions that Python's `json` writes. `NaN` and infinities become null, and lone surrogates become U+FFFD.
    case python
  }

  /// The treatment of a key that is repeated in one object. Keys are compared after unescaping.
  package enum RepeatedKeys: Sendable {
    /// The last value is kept, at the position of the first.
    case lastCounts
    /// The text is refused, because another reader might use the other value.
    case refused
  }

  /// The default limit of nested arrays and objects. It suffices for documents that people write, and is far below the
  /// capacity of the stack.
  package static let defaultDepth = 64

  private let maximumDepth: Int
  private let dialect: Dialect
  private let repeatedKeys: RepeatedKeys

  /// Makes a parser.
  ///
  /// - Parameter maximumDepth: the largest number of nested arrays and objects.
  package init(
    maximumDepth: Int = JSONParser.defaultDepth, dialect: Dialect = .strict, repeatedKeys: RepeatedKeys = .lastCounts
  ) {
    self.maximumDepth = maximumDepth
    self.dialect = dialect
    self.repeatedKeys = repeatedKeys
  }

  /// Parses one JSON value, which may have whitespace around it.
  ///
  /// - Throws: `JSONError` with the position of the first error.
  package func parse(_ bytes: some Collection<UInt8>) throws(JSONError) -> JSONValue {
    let parsed: Result<JSONValue, JSONError>? = bytes.withContiguousStorageIfAvailable {
      parse(UnsafeRawBufferPointer($0))
    }
    return try (parsed ?? Array(bytes).withUnsafeBytes { parse($0) }).get()
  }

  /// Parses one JSON value from a string.
  package func parse(_ text: String) throws(JSONError) -> JSONValue {
    try parse(text.utf8)
  }

  /// Parses one JSON object.
  ///
  /// - Throws: `JSONError`, with the code `notAnObject` for any other value.
  package func parseObject(_ bytes: some Collection<UInt8>) throws(JSONError) -> JSONObject {
    guard case .object(let object) = try parse(bytes) else { throw JSONError(.notAnObject) }
    return object
  }

  /// Returns the outcome as a `Result`, because `withUnsafeBytes` and similar functions can't throw typed errors.
  private func parse(_ bytes: UnsafeRawBufferPointer) -> Result<JSONValue, JSONError> {
    Result { () throws(JSONError) in
      var reader = JSONReader(
        bytes: bytes, maximumDepth: maximumDepth, dialect: dialect, repeatedKeys: repeatedKeys)
      return try reader.readDocument()
    }
  }
}

/// One pass over one text.
struct JSONReader {
  private let bytes: UnsafeRawBufferPointer
  private let maximumDepth: Int
  private let dialect: JSONParser.Dialect
  private let repeatedKeys: JSONParser.RepeatedKeys
  private var position = 0

  init(
    bytes: UnsafeRawBufferPointer, maximumDepth: Int, dialect: JSONParser.Dialect,
    repeatedKeys: JSONParser.RepeatedKeys
  ) {
    self.bytes = bytes
    self.maximumDepth = maximumDepth
    self.dialect = dialect
    self.repeatedKeys = repeatedKeys
  }

  mutating func readDocument() throws(JSONError) -> JSONValue {
    skipWhitespace()
    guard position < bytes.count else { throw JSONError(.empty) }
    let value = try readValue(depth: 0)
    skipWhitespace()
    guard position == bytes.count else { throw JSONError(.trailingBytes, at: position) }
    return value
  }

  private mutating func readValue(depth: Int) throws(JSONError) -> JSONValue {
    switch try current() {
    case UInt8(ascii: "{"): return .object(try readObject(depth: depth + 1))
    case UInt8(ascii: "["): return .array(try readArray(depth: depth + 1))
    case UInt8(ascii: "\""): return .string(try readString())
    case UInt8(ascii: "t"): return try readWord("true", .bool(true))
    case UInt8(ascii: "f"): return try readWord("false", .bool(false))
    case UInt8(ascii: "n"): return try readWord("null", .null)
    case UInt8(ascii: "N") where dialect == .python: return try readWord("NaN", .null)
    case UInt8(ascii: "I") where dialect == .python: return try readWord("Infinity", .null)
    case UInt8(ascii: "-") where dialect == .python && next(1) == UInt8(ascii: "I"):
      return try readWord("-Infinity", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try readNumber())
    default: throw JSONError(.unexpectedByte, at: position)
    }
  }

  private mutating func readObject(depth: Int) throws(JSONError) -> JSONObject {
    try checkDepth(depth)
    position += 1
    var members: [JSONObject.Member] = []
    var indices = MemberIndices()
    skipWhitespace()
    if try current() == UInt8(ascii: "}") {
      position += 1
      return JSONObject()
    }
    while true {
      guard try current() == UInt8(ascii: "\"") else { throw JSONError(.unexpectedByte, at: position) }
      let start = position
      let key = try readString()
      skipWhitespace()
      try expect(UInt8(ascii: ":"))
      skipWhitespace()
      let value = try readValue(depth: depth)
      if let index = indices.find(key, in: members) {
        guard repeatedKeys == .lastCounts else { throw JSONError(.repeatedKey, at: start) }
        members[index].value = value
      } else {
        members.append(JSONObject.Member(key: key, value: value))
      }
      skipWhitespace()
      if try current() == UInt8(ascii: "}") {
        position += 1
        return JSONObject(uniqueMembers: members)
      }
      try expect(UInt8(ascii: ","))
      skipWhitespace()
    }
  }

  private mutating func readArray(depth: Int) throws(JSONError) -> [JSONValue] {
    try checkDepth(depth)
    position += 1
    var elements: [JSONValue] = []
    skipWhitespace()
    if try current() == UInt8(ascii: "]") {
      position += 1
      return elements
    }
    while true {
      elements.append(try readValue(depth: depth))
      skipWhitespace()
      if try current() == UInt8(ascii: "]") {
        position += 1
        return elements
      }
      try expect(UInt8(ascii: ","))
      skipWhitespace()
    }
  }

  private mutating func readNumber() throws(JSONError) -> JSONNumber {
    guard let end = JSONGrammar.endOfNumber(in: bytes, from: position) else {
      throw JSONError(.invalidNumber, at: position)
    }
    defer { position = end }
    return JSONNumber(uncheckedLiteral: String(decoding: bytes[position..<end], as: UTF8.self))
  }

  private mutating func readWord(_ word: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
    guard JSONGrammar.hasWord(word, in: bytes, at: position) else { throw JSONError(.unexpectedByte, at: position) }
    position += word.utf8CodeUnitCount
    return value
  }

  private mutating func readString() throws(JSONError) -> String {
    var text = JSONStringReader(bytes: bytes, position: position, dialect: dialect)
    let string = try text.read()
    position = text.position
    return string
  }

  private func checkDepth(_ depth: Int) throws(JSONError) {
    guard depth <= maximumDepth else { throw JSONError(.tooDeep, at: position, "\(maximumDepth)") }
  }

  private func current() throws(JSONError) -> UInt8 {
    guard position < bytes.count else { throw JSONError(.unexpectedEnd, at: position) }
    return bytes[position]
  }

  private func next(_ distance: Int) -> UInt8? {
    position + distance < bytes.count ? bytes[position + distance] : nil
  }

  private mutating func expect(_ byte: UInt8) throws(JSONError) {
    guard try current() == byte else { throw JSONError(.unexpectedByte, at: position) }
    position += 1
  }

  private mutating func skipWhitespace() {
    while position < bytes.count, JSONGrammar.isWhitespace(bytes[position]) { position += 1 }
  }
}
