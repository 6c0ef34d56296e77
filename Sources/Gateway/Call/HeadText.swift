/// The text of a head's lines.
enum HeadText {
  /// The place of the first control character but a tab. Thirty-two bytes are looked at together.
  static func end(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> Int {
    var index = start
    while index + 32 <= end {
      let first = suspects(bytes, index) | suspects(bytes, index + 8)
      guard first | suspects(bytes, index + 16) | suspects(bytes, index + 24) == 0 else { break }
      index += 32
    }
    while index < end {
      if index + 8 <= end {
        let marks = suspects(bytes, index)
        // The lowest mark is right.
        index += marks == 0 ? 8 : marks.trailingZeroBitCount / 8
        if marks == 0 { continue }
      }
      guard bytes[index] >= 0x20 && bytes[index] != 0x7F || bytes[index] == 0x09 else { return index }
      index += 1
    }
    return index
  }

  /// Marks the control characters among eight bytes, tabs too, by the highest bit of their bytes. Bytes behind the
  /// first that is marked may be marked wrongly.
  @inline(__always)
  private static func suspects(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> UInt64 {
    let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
    let belowSpace = (word &- 0x2020_2020_2020_2020) & ~word
    let deletion = word ^ 0x7F7F_7F7F_7F7F_7F7F
    let isDeletion = (deletion &- 0x0101_0101_0101_0101) & ~deletion
    return (belowSpace | isDeletion) & 0x8080_8080_8080_8080
  }
}
