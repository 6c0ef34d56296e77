/// Where the characters that matter for the structure of JSON stand in 64 bytes of text: bit n for byte n.
///
/// All of a dump goes through here, so it is found for 64 bytes at a time with the vectors that every processor of ours
/// has (16 bytes), which costs some 40 instructions instead of three comparisons a byte.
struct TextMarks {
  static let width = 64

  let quotes: UInt64
  let backslashes: UInt64
  /// Brackets of the four kinds; among them also `Y`, `_`, `y` and DEL, which one comparison does not tell from them.
  let brackets: UInt64

  /// - Parameter position: 64 bytes from here on are in the text.
  @inline(__always)
  init(_ text: UnsafeRawBufferPointer, at position: Int) {
    let first = text.loadUnaligned(fromByteOffset: position, as: SIMD16<UInt8>.self)
    let second = text.loadUnaligned(fromByteOffset: position + 16, as: SIMD16<UInt8>.self)
    let third = text.loadUnaligned(fromByteOffset: position + 32, as: SIMD16<UInt8>.self)
    let fourth = text.loadUnaligned(fromByteOffset: position + 48, as: SIMD16<UInt8>.self)
    let quote = SIMD16<UInt8>(repeating: UInt8(ascii: "\""))
    quotes = Self.bits(first .== quote, second .== quote, third .== quote, fourth .== quote)
    let backslash = SIMD16<UInt8>(repeating: UInt8(ascii: "\\"))
    backslashes = Self.bits(first .== backslash, second .== backslash, third .== backslash, fourth .== backslash)
    // 0x5B, 0x5D, 0x7B and 0x7D differ in these bits only.
    let kinds = SIMD16<UInt8>(repeating: 0x26)
    let bracket = SIMD16<UInt8>(repeating: 0x7F)
    brackets = Self.bits(
      first | kinds .== bracket, second | kinds .== bracket, third | kinds .== bracket, fourth | kinds .== bracket)
  }

  /// Which bytes stand behind a backslash that escapes them (the method of simdjson: of a run of backslashes every second
  /// one is escaped, and an addition carries through each run at once).
  ///
  /// - Parameter isFirstEscaped: whether the first byte is, by a backslash before it.
  /// - Returns: the bytes, and whether the byte behind the 64 is escaped.
  @inline(__always)
  func escaped(isFirstEscaped: Bool) -> (bytes: UInt64, isNextEscaped: Bool) {
    let first: UInt64 = isFirstEscaped ? 1 : 0
    let escaping = backslashes & ~first
    let following = escaping << 1 | first
    let even: UInt64 = 0x5555_5555_5555_5555
    let oddStarts = escaping & ~even & ~following
    let (evenEnds, isNextEscaped) = oddStarts.addingReportingOverflow(escaping)
    return ((even ^ evenEnds << 1) & following, isNextEscaped)
  }

  /// Which bytes are inside of strings, opening quotes among them: those behind an odd number of quotes.
  ///
  /// - Parameter quotes: those that are not escaped.
  @inline(__always)
  func strings(_ quotes: UInt64, beginsInside: Bool) -> UInt64 {
    var inside = quotes
    inside ^= inside << 1
    inside ^= inside << 2
    inside ^= inside << 4
    inside ^= inside << 8
    inside ^= inside << 16
    inside ^= inside << 32
    return beginsInside ? ~inside : inside
  }

  private typealias Mask = SIMDMask<SIMD16<Int8>>

  /// One bit for each byte of the masks. Each eight bytes get a bit of their own, so that all fold into one word; that
  /// has byte n of word m in bit m of byte n, and turning it over puts it right.
  @inline(__always)
  private static func bits(_ first: Mask, _ second: Mask, _ third: Mask, _ fourth: Mask) -> UInt64 {
    let none = SIMD16<UInt8>(repeating: 0)
    let folded =
      none.replacing(with: weights(0), where: first) | none.replacing(with: weights(2), where: second)
      | none.replacing(with: weights(4), where: third) | none.replacing(with: weights(6), where: fourth)
    return transposed(UInt64(littleEndian: unsafeBitCast(folded.lowHalf | folded.highHalf, to: UInt64.self)))
  }

  @inline(__always)
  private static func weights(_ bit: UInt8) -> SIMD16<UInt8> {
    SIMD16(lowHalf: SIMD8(repeating: 1 << bit), highHalf: SIMD8(repeating: 2 << bit))
  }

  /// The matrix of eight times eight bits turned over (Warren, Hacker's Delight, 7-3).
  @inline(__always)
  private static func transposed(_ matrix: UInt64) -> UInt64 {
    // Backslashes are rare.
    guard matrix != 0 else { return 0 }
    var matrix = matrix
    var swapped = (matrix ^ (matrix >> 7)) & 0x00AA_00AA_00AA_00AA
    matrix ^= swapped ^ (swapped << 7)
    swapped = (matrix ^ (matrix >> 14)) & 0x0000_CCCC_0000_CCCC
    matrix ^= swapped ^ (swapped << 14)
    swapped = (matrix ^ (matrix >> 28)) & 0x0000_0000_F0F0_F0F0
    return matrix ^ swapped ^ (swapped << 28)
  }
}
