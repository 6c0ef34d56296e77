/// Checks a text without building values: several times as fast as a parse.
package enum JSONValidator {
  /// Checks that the bytes are one JSON object.
  ///
  /// - Parameter maximumDepth: how deep arrays and objects may be nested.
  /// - Returns: whether the object is already as `JSONWriter` would write it as far as bytes can tell: no whitespace
  ///   between tokens and no escapes. Such bytes can be kept as they are; others must be parsed and written anew.
  package static func checkObject(_ bytes: UnsafeRawBufferPointer, maximumDepth: Int) throws(JSONError) -> Bool {
    var check = Check(bytes: bytes, maximumDepth: maximumDepth)
    return try check.run()
  }

  private struct Check {
    let bytes: UnsafeRawBufferPointer
    let maximumDepth: Int
    var position = 0
    var isCompact = true

    init(bytes: UnsafeRawBufferPointer, maximumDepth: Int) {
      self.bytes = bytes
      self.maximumDepth = maximumDepth
    }

    mutating func run() throws(JSONError) -> Bool {
      skipWhitespace()
      guard position < bytes.count else { throw JSONError(.empty) }
      guard bytes[position] == UInt8(ascii: "{") else { throw JSONError(.notAnObject) }
      try checkValue(depth: 0)
      skipWhitespace()
      guard position == bytes.count else { throw JSONError(.trailingBytes, at: position) }
      return isCompact
    }

    mutating func checkValue(depth: Int) throws(JSONError) {
      switch try current() {
      case UInt8(ascii: "{"): try checkList(depth: depth + 1, closing: UInt8(ascii: "}"), keyed: true)
      case UInt8(ascii: "["): try checkList(depth: depth + 1, closing: UInt8(ascii: "]"), keyed: false)
      case UInt8(ascii: "\""): try checkString()
      case UInt8(ascii: "t"): try checkWord("true")
      case UInt8(ascii: "f"): try checkWord("false")
      case UInt8(ascii: "n"): try checkWord("null")
      default:
        guard let end = JSONGrammar.endOfNumber(in: bytes, from: position) else {
          throw JSONError(.unexpectedByte, at: position)
        }
        position = end
      }
    }

    mutating func checkList(depth: Int, closing: UInt8, keyed: Bool) throws(JSONError) {
      guard depth <= maximumDepth else { throw JSONError(.tooDeep, at: position, "\(maximumDepth)") }
      position += 1
      skipWhitespace()
      if try current() == closing {
        position += 1
        return
      }
      while true {
        if keyed {
          guard try current() == UInt8(ascii: "\"") else { throw JSONError(.unexpectedByte, at: position) }
          try checkString()
          skipWhitespace()
          guard try current() == UInt8(ascii: ":") else { throw JSONError(.unexpectedByte, at: position) }
          position += 1
          skipWhitespace()
        }
        try checkValue(depth: depth)
        skipWhitespace()
        let byte = try current()
        position += 1
        if byte == closing { return }
        guard byte == UInt8(ascii: ",") else { throw JSONError(.unexpectedByte, at: position - 1) }
        skipWhitespace()
      }
    }

    @inline(__always)
    mutating func checkString() throws(JSONError) {
      let start = position + 1
      position = start
      while let stop = JSONGrammar.endOfPlainText(in: bytes, from: position) {
        switch bytes[stop] {
        case UInt8(ascii: "\""):
          position = stop + 1
          guard isUTF8(start..<stop) else { throw JSONError(.invalidUTF8, at: start) }
          return
        case UInt8(ascii: "\\"):
          isCompact = false
          position = stop + 2
        default: throw JSONError(.unexpectedByte, at: stop)
        }
      }
      throw JSONError(.unexpectedEnd, at: bytes.count)
    }

    func isUTF8(_ range: Range<Int>) -> Bool {
      var bits: UInt8 = 0
      for index in range { bits |= bytes[index] }
      return bits < 0x80 || String(validating: bytes[range], as: UTF8.self) != nil
    }

    mutating func checkWord(_ word: StaticString) throws(JSONError) {
      guard JSONGrammar.hasWord(word, in: bytes, at: position) else { throw JSONError(.unexpectedByte, at: position) }
      position += word.utf8CodeUnitCount
    }

    @inline(__always)
    func current() throws(JSONError) -> UInt8 {
      guard position < bytes.count else { throw JSONError(.unexpectedEnd, at: position) }
      return bytes[position]
    }

    @inline(__always)
    mutating func skipWhitespace() {
      while position < bytes.count, JSONGrammar.isWhitespace(bytes[position]) {
        isCompact = false
        position += 1
      }
    }
  }
}
