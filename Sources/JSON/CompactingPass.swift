/// One pass of `JSONCompactor` over one text.
struct CompactingPass {
  private let source: UnsafeRawBufferPointer
  private let maximumDepth: Int
  private var position = 0
  private var output: CompactOutput
  private var keys: ObjectKeys

  init(source: UnsafeRawBufferPointer, maximumDepth: Int, memory: UnsafeMutableRawBufferPointer) {
    self.source = source
    self.maximumDepth = maximumDepth
    output = CompactOutput(source: source, memory: memory)
    keys = ObjectKeys()
  }

  /// Takes the members' memory of earlier passes before this one runs, and gives it back after.
  mutating func exchangeMemory(_ members: inout [ObjectKeys.Member]) {
    keys.exchangeMemory(&members)
  }

  mutating func run() throws(JSONError) -> [UInt8] {
    skipWhitespace()
    guard position < source.count else { throw JSONError(.empty) }
    let isObject = source[position] == UInt8(ascii: "{")
    try passValue(depth: 0)
    skipWhitespace()
    guard position == source.count else { throw JSONError(.trailingBytes, at: position) }
    guard isObject else { throw JSONError(.notAnObject) }
    return output.finished(at: position)
  }

  private mutating func passValue(depth: Int) throws(JSONError) {
    switch try current() {
    case UInt8(ascii: "{"): try passObject(depth: depth + 1)
    case UInt8(ascii: "["): try passArray(depth: depth + 1)
    case UInt8(ascii: "\""): try passString()
    case UInt8(ascii: "t"): try passWord("true")
    case UInt8(ascii: "f"): try passWord("false")
    case UInt8(ascii: "n"): try passWord("null")
    case UInt8(ascii: "N"): try passWord("NaN", writing: "null")
    case UInt8(ascii: "I"): try passWord("Infinity", writing: "null")
    case UInt8(ascii: "-") where position + 1 < source.count && source[position + 1] == UInt8(ascii: "I"):
      try passWord("-Infinity", writing: "null")
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      guard let end = JSONGrammar.endOfNumber(in: source, from: position) else {
        throw JSONError(.invalidNumber, at: position)
      }
      position = end
    default: throw JSONError(.unexpectedByte, at: position)
    }
  }

  private mutating func passObject(depth: Int) throws(JSONError) {
    try checkDepth(depth)
    let start = output.place(of: position)
    position += 1
    skipWhitespace()
    if try current() == UInt8(ascii: "}") {
      position += 1
      return
    }
    var scope = keys.scope()
    while true {
      guard try current() == UInt8(ascii: "\"") else { throw JSONError(.unexpectedByte, at: position) }
      let keyStart = output.place(of: position) + 1
      try passString()
      output.join(from: keyStart, upTo: position)
      let member = keys.add(keyStart..<output.place(of: position) - 1, in: output, to: &scope)
      skipWhitespace()
      try expect(UInt8(ascii: ":"))
      skipWhitespace()
      try passValue(depth: depth)
      keys.endValue(of: member, at: output.place(of: position))
      skipWhitespace()
      if try current() == UInt8(ascii: "}") { break }
      try expect(UInt8(ascii: ","))
      skipWhitespace()
    }
    position += 1
    if scope.hasRepeats { dropRepeats(in: scope, from: start) }
    keys.end(scope)
  }

  /// Writes the object that just ended anew: of a key that came twice, the last value at the place of the first.
  private mutating func dropRepeats(in scope: ObjectKeys.Scope, from start: Int) {
    let keys = keys
    output.rewrite(from: start, upTo: position) { written, bytes in
      bytes.append(UInt8(ascii: "{"))
      keys.forEach(in: scope) { key, value in
        if bytes.count > start + 1 { bytes.append(UInt8(ascii: ",")) }
        bytes.append(contentsOf: written[key.lowerBound - 1 - start..<key.upperBound + 1 - start])
        bytes.append(UInt8(ascii: ":"))
        bytes.append(contentsOf: written[value.lowerBound - start..<value.upperBound - start])
      }
      bytes.append(UInt8(ascii: "}"))
    }
  }

  private mutating func passArray(depth: Int) throws(JSONError) {
    try checkDepth(depth)
    position += 1
    skipWhitespace()
    if try current() == UInt8(ascii: "]") {
      position += 1
      return
    }
    while true {
      try passValue(depth: depth)
      skipWhitespace()
      if try current() == UInt8(ascii: "]") { break }
      try expect(UInt8(ascii: ","))
      skipWhitespace()
    }
    position += 1
  }

  private mutating func passString() throws(JSONError) {
    let start = position + 1
    var next = start
    var isASCII = true
    while let stop = JSONGrammar.endOfPlainText(in: source, from: next, isASCII: &isASCII) {
      switch source[stop] {
      case UInt8(ascii: "\""):
        // An escape sequence is ASCII and stands for a whole character, so that what is left around it is UTF-8 when all
        // of it is.
        guard isASCII || JSONGrammar.isUTF8(source, start..<stop) else { throw JSONError(.invalidUTF8, at: start) }
        position = stop + 1
        return
      case UInt8(ascii: "\\"):
        next = try passEscape(at: stop)
        // They often come in a row.
        while next < source.count, source[next] == UInt8(ascii: "\\") { next = try passEscape(at: next) }
      default: throw JSONError(.unexpectedByte, at: stop)
      }
    }
    throw JSONError(.unexpectedEnd, at: source.count)
  }

  /// - Returns: the position behind the escape sequence.
  @inline(__always)
  private mutating func passEscape(at start: Int) throws(JSONError) -> Int {
    let (scalar, end) = try JSONEscape.read(in: source, at: start, dialect: .python)
    if !isShortest(scalar, in: start..<end) { output.replace(start..<end, with: scalar) }
    return end
  }

  /// Whether an escape sequence is the one that `JSONWriter` has for its character.
  @inline(__always)
  private func isShortest(_ scalar: Unicode.Scalar, in range: Range<Int>) -> Bool {
    if range.count == 2 { return scalar != "/" }
    let isControl =
      scalar.value < 0x20 && JSONWriter.letter(forEscaping: UInt8(truncatingIfNeeded: scalar.value)) == nil
    // The digits are 00, 0 or 1, and one that may be a letter; the writer's are small.
    return isControl && !(UInt8(ascii: "A")...UInt8(ascii: "F")).contains(source[range.upperBound - 1])
  }

  private mutating func passWord(_ word: StaticString) throws(JSONError) {
    guard JSONGrammar.hasWord(word, in: source, at: position) else { throw JSONError(.unexpectedByte, at: position) }
    position += word.utf8CodeUnitCount
  }

  private mutating func passWord(_ word: StaticString, writing other: StaticString) throws(JSONError) {
    let start = position
    try passWord(word)
    output.replace(start..<position, with: other)
  }

  @inline(__always)
  private func checkDepth(_ depth: Int) throws(JSONError) {
    guard depth <= maximumDepth else { throw JSONError(.tooDeep, at: position, "\(maximumDepth)") }
  }

  @inline(__always)
  private func current() throws(JSONError) -> UInt8 {
    guard position < source.count else { throw JSONError(.unexpectedEnd, at: position) }
    return source[position]
  }

  @inline(__always)
  private mutating func expect(_ byte: UInt8) throws(JSONError) {
    guard try current() == byte else { throw JSONError(.unexpectedByte, at: position) }
    position += 1
  }

  @inline(__always)
  private mutating func skipWhitespace() {
    guard position < source.count, JSONGrammar.isWhitespace(source[position]) else { return }
    let start = position
    while position < source.count, JSONGrammar.isWhitespace(source[position]) { position += 1 }
    output.leaveOut(start..<position)
  }
}
