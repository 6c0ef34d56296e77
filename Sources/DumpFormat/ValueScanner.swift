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
  private var isEscaped = false

  /// Looks on from `start`.
  ///
  /// - Returns: the position behind the value, or `nil` when it goes on in the next block.
  mutating func end(in block: UnsafeRawBufferPointer, from start: Int) throws(Fault) -> Int? {
    var position = start
    while position < block.count {
      if isInString {
        position = skipString(block, from: position)
        if !isInString && depth == 0 { return position }
        continue
      }
      let byte = block[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        isInString = true
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        guard depth < Self.maximumDepth else { throw .tooDeep }
        open(isSquare: byte == UInt8(ascii: "["))
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        guard close(isSquare: byte == UInt8(ascii: "]")) else { throw .unbalanced }
        if depth == 0 { return position }
      default: break
      }
    }
    return nil
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

  /// - Returns: the position behind the closing quote, or the block's end.
  private mutating func skipString(_ block: UnsafeRawBufferPointer, from start: Int) -> Int {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let highs: UInt64 = 0x8080_8080_8080_8080
    var position = start
    while position < block.count {
      if isEscaped {
        isEscaped = false
        position += 1
        continue
      }
      while position + 8 <= block.count {
        let word = block.loadUnaligned(fromByteOffset: position, as: UInt64.self)
        let quote = word ^ (ones &* 0x22)
        let slash = word ^ (ones &* 0x5C)
        if ((quote &- ones) & ~quote | (slash &- ones) & ~slash) & highs != 0 { break }
        position += 8
      }
      guard position < block.count else { return position }
      switch block[position] {
      case UInt8(ascii: "\""):
        isInString = false
        return position + 1
      case UInt8(ascii: "\\"): isEscaped = true
      default: break
      }
      position += 1
    }
    return position
  }
}
