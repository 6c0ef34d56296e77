/// One pass of `JSONCompactor` over one text.
struct CompactingPass {
  private let source: UnsafeRawBufferPointer
  private let maximumDepth: Int
  private var position = 0
  private var output: CompactOutput
  /// The containers that enclose the current position.
  private var open = OpenContainers()

  /// - Parameter memory: `CompactOutput.size(for:)` bytes.
  init(source: UnsafeRawBufferPointer, maximumDepth: Int, memory: UnsafeMutableRawBufferPointer) {
    self.source = source
    self.maximumDepth = maximumDepth
    output = CompactOutput(source: source, memory: memory)
  }

  /// Swaps the list of containers, so that several passes reuse one list's memory. The caller passes an empty list
  /// before the pass and swaps again after it.
  mutating func exchange(_ containers: inout OpenContainers) {
    swap(&open, &containers)
  }

  mutating func run() throws(JSONError) -> [UInt8] {
    skipWhitespace()
    guard position < source.count else { throw JSONError(.empty) }
    let isObject = source[position] == UInt8(ascii: "{")
    var isBeforeElement = try passValue()
    while !open.isEmpty {
      isBeforeElement = isBeforeElement ? try passElement() : try endElement()
    }
    skipWhitespace()
    guard position == source.count else { throw JSONError(.trailingBytes, at: position) }
    guard isObject else { throw JSONError(.notAnObject) }
    return output.finished(at: position)
  }

  /// Reads a scalar value, an empty container, or the beginning of a container with elements.
  ///
  /// - Returns: whether the first element of a container follows; otherwise the value has ended.
  private mutating func passValue() throws(JSONError) -> Bool {
    switch try current() {
    case UInt8(ascii: "{"): return try passOpening(.object, closing: UInt8(ascii: "}"))
    case UInt8(ascii: "["): return try passOpening(.array, closing: UInt8(ascii: "]"))
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
    return false
  }

  private mutating func passOpening(_ kind: OpenContainers.Kind, closing: UInt8) throws(JSONError) -> Bool {
    guard open.depth < maximumDepth else { throw JSONError(.tooDeep, at: position, "\(maximumDepth)") }
    let start = output.offset(of: position)
    position += 1
    skipWhitespace()
    if try current() == closing {
      position += 1
      return false
    }
    open.open(kind, at: start)
    return true
  }

  /// Reads an element of the innermost container up to the end of its value, or to its beginning as `passValue` does.
  private mutating func passElement() throws(JSONError) -> Bool {
    if open.innermost == .object {
      guard try current() == UInt8(ascii: "\"") else { throw JSONError(.unexpectedByte, at: position) }
      let start = output.offset(of: position) + 1
      try passString()
      output.join(from: start, upTo: position)
      open.add(start..<output.offset(of: position) - 1, in: output)
      skipWhitespace()
      try expect(UInt8(ascii: ":"))
      skipWhitespace()
    }
    return try passValue()
  }

  /// Reads what follows an element's value: a comma, or the end of its container.
  ///
  /// - Returns: whether another element follows. Otherwise the container, which is itself a value, has ended.
  private mutating func endElement() throws(JSONError) -> Bool {
    let isObject = open.innermost == .object
    if isObject { open.endValue(at: output.offset(of: position)) }
    skipWhitespace()
    if try current() == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
      position += 1
      if let rewriting = open.close() { rewrite(rewriting) }
      return false
    }
    try expect(UInt8(ascii: ","))
    skipWhitespace()
    return true
  }

  /// Rewrites the object that just ended, because it has a repeated key. The last value is kept, at the position of the
  /// first.
  private mutating func rewrite(_ object: OpenContainers.Rewriting) {
    let start = object.start
    output.rewrite(from: start, upTo: position) { written, bytes in
      bytes.append(UInt8(ascii: "{"))
      for (key, value) in object.members {
        if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
        bytes.append(contentsOf: written[key.lowerBound - 1 - start..<key.upperBound + 1 - start])
        bytes.append(UInt8(ascii: ":"))
        bytes.append(contentsOf: written[value.lowerBound - start..<value.upperBound - start])
      }
      bytes.append(UInt8(ascii: "}"))
    }
  }

  private mutating func passString() throws(JSONError) {
    let start = position + 1
    var next = start
    var isASCII = true
    while let stop = JSONGrammar.endOfPlainText(in: source, from: next, isASCII: &isASCII) {
      switch source[stop] {
      case UInt8(ascii: "\""):
        // An escape sequence is ASCII and stands for a whole character. So the text around the sequences is UTF-8 if
        // the whole string is.
        guard isASCII || JSONGrammar.isUTF8(source, start..<stop) else { throw JSONError(.invalidUTF8, at: start) }
        position = stop + 1
        return
      case UInt8(ascii: "\\"):
        next = try passEscape(at: stop)
        // Escape sequences often follow each other.
        while next < source.count, source[next] == UInt8(ascii: "\\") { next = try passEscape(at: next) }
      default: throw JSONError(.unexpectedByte, at: stop)
      }
    }
    throw JSONError(.unexpectedEnd, at: source.count)
  }

  /// - Returns: the position after the escape sequence.
  @inline(__always)
  private mutating func passEscape(at start: Int) throws(JSONError) -> Int {
    let (scalar, end) = try JSONEscape.read(in: source, at: start, dialect: .python)
    if !isShortest(scalar, in: start..<end) { output.replace(start..<end, with: scalar) }
    return end
  }

  /// Whether an escape sequence is the one that `JSONWriter` uses for its character.
  @inline(__always)
  private func isShortest(_ scalar: Unicode.Scalar, in range: Range<Int>) -> Bool {
    if range.count == 2 { return scalar != "/" }
    let isControl =
      scalar.value < 0x20 && JSONWriter.letter(forEscaping: UInt8(truncatingIfNeeded: scalar.value)) == nil
    // The first three digits are 000 or 001, and the fourth may be a letter. The writer's letters are lowercase.
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
