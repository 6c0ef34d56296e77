/// Finds the end of one JSON value in a stream of blocks, by its brackets and quotes.
struct ValueScanner {
  enum Fault: Error {
    case tooDeep
    case unbalanced
  }

  static let maximumDepth = 512

  private var brackets: [UInt8] = []
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
        if !isInString && brackets.isEmpty { return position }
        continue
      }
      let byte = block[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        isInString = true
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        guard brackets.count < Self.maximumDepth else { throw .tooDeep }
        // The closing bracket lies two places behind the opening one in ASCII.
        brackets.append(byte + 2)
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        guard brackets.popLast() == byte else { throw .unbalanced }
        if brackets.isEmpty { return position }
      default: break
      }
    }
    return nil
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
