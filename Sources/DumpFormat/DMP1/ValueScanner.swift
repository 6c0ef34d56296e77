/// Finds the end of one JSON value in a stream of blocks, by its brackets and quotes.
struct ValueScanner {
  enum Fault: Error {
    case tooDeep
    case unbalanced
  }

  static let maximumDepth = 512

  /// One bit for each open bracket: whether it is a square one. Not an array: this is asked at every bracket of a dump.
  private var isSquare = InlineArray<9, UInt64>(repeating: 0)
  private var depth = 0
  private var isInString = false
  /// Whether the next byte stands behind a backslash, inside of a string.
  private var isEscaped = false

  /// Looks on from `start`.
  ///
  /// - Returns: the position behind the value, or `nil` when it goes on in the next block.
  mutating func end(in block: UnsafeRawBufferPointer, from start: Int) throws(Fault) -> Int? {
    var position = start
    // The first character tells a string from the rest, all of which is inside of a bracket then.
    if depth == 0, !isInString, position < block.count {
      position += 1
      if try take(block[start]) { return position }
    }
    while position + TextMarks.width <= block.count {
      let marks = TextMarks(block, at: position)
      if depth > 0, let strings = strings(marks) {
        if let end = try takeBrackets(marks, strings, block, position) { return end }
      } else if let end = try takeAny(marks, block, position) {
        return end
      }
      position += TextMarks.width
    }
    while position < block.count {
      position += 1
      if try take(block[position - 1]) { return position }
    }
    return nil
  }

  /// One byte.
  ///
  /// - Returns: whether the value ends with it.
  private mutating func take(_ byte: UInt8) throws(Fault) -> Bool {
    if isInString {
      if isEscaped {
        isEscaped = false
      } else if byte == UInt8(ascii: "\\") {
        isEscaped = true
      } else if byte == UInt8(ascii: "\"") {
        isInString = false
        return depth == 0
      }
      return false
    }
    if byte == UInt8(ascii: "\"") {
      isInString = true
      return false
    }
    return try takeBracket(byte)
  }

  /// Which of 64 bytes are inside of strings, found without a look at each; notes what follows behind them.
  ///
  /// - Returns: `nil` when a backslash is outside of strings, where it escapes nothing. No JSON has that.
  @inline(__always)
  private mutating func strings(_ marks: TextMarks) -> UInt64? {
    guard isEscaped || marks.backslashes != 0 else {
      let strings = marks.strings(marks.quotes, beginsInside: isInString)
      isInString = strings >> 63 == 1
      return strings
    }
    let (escaped, isNextEscaped) = marks.escaped(isFirstEscaped: isEscaped)
    let strings = marks.strings(marks.quotes & ~escaped, beginsInside: isInString)
    guard marks.backslashes & ~strings == 0 else { return nil }
    isEscaped = isNextEscaped
    isInString = strings >> 63 == 1
    return strings
  }

  /// The brackets of 64 bytes, inside of a bracket.
  ///
  /// - Returns: the position behind the value's end, if that is among them.
  @inline(__always)
  private mutating func takeBrackets(
    _ marks: TextMarks, _ strings: UInt64, _ block: UnsafeRawBufferPointer, _ position: Int
  ) throws(Fault) -> Int? {
    var brackets = marks.brackets & ~strings
    while brackets != 0 {
      let bracket = position + brackets.trailingZeroBitCount
      if try takeBracket(block[bracket]) {
        isInString = false
        isEscaped = false
        return bracket + 1
      }
      brackets &= brackets - 1
    }
    return nil
  }

  /// 64 bytes of a string that is the whole value, or with a backslash that escapes nothing: goes from mark to mark.
  ///
  /// - Returns: the position behind the value's end, if that is among them.
  private mutating func takeAny(
    _ marks: TextMarks, _ block: UnsafeRawBufferPointer, _ position: Int
  ) throws(Fault) -> Int? {
    var pending = marks.quotes | marks.backslashes | marks.brackets
    if isEscaped {
      isEscaped = false
      pending &= ~1
    }
    while pending != 0 {
      let index = pending.trailingZeroBitCount
      pending &= pending - 1
      if try take(block[position + index]) { return position + index + 1 }
      if isEscaped, index < TextMarks.width - 1 {
        isEscaped = false
        pending &= ~(1 << UInt64(index + 1))
      }
    }
    return nil
  }

  /// - Returns: whether the value ends with this byte, which is a bracket or none of the structure.
  @inline(__always)
  private mutating func takeBracket(_ byte: UInt8) throws(Fault) -> Bool {
    switch byte {
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      guard depth < Self.maximumDepth else { throw .tooDeep }
      open(isSquare: byte == UInt8(ascii: "["))
    case UInt8(ascii: "}"), UInt8(ascii: "]"):
      guard close(isSquare: byte == UInt8(ascii: "]")) else { throw .unbalanced }
      return depth == 0
    default: break
    }
    return false
  }

  private mutating func open(isSquare square: Bool) {
    let bit: UInt64 = 1 << UInt64(depth % 64)
    if square { isSquare[depth / 64] |= bit } else { isSquare[depth / 64] &= ~bit }
    depth += 1
  }

  /// - Returns: whether the innermost open bracket is of this kind.
  private mutating func close(isSquare square: Bool) -> Bool {
    guard depth > 0 else { return false }
    depth -= 1
    let isOpenSquare = isSquare[depth / 64] & (1 << UInt64(depth % 64)) != 0
    return isOpenSquare == square
  }
}
