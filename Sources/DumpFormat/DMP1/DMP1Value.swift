/// One JSON value that comes in blocks, and as much of its text as is needed.
struct DMP1Value {
  /// What the text is needed for.
  enum Keeping {
    /// A document that is given out.
    case whole
    /// A name, time, number or word: one that is not short is refused.
    case short
    /// A text that means something when it is short: a longer one is cut, and without its closing quote it is no text.
    case beginning
    /// Only where it ends.
    case nothing
  }

  /// Bytes of a short text as it is spelled.
  static let maximumShort = 1024

  private var scanner = ValueScanner()
  private var keeping = Keeping.nothing
  private var first: UInt8 = 0
  /// Position in the text.
  private var start = 0
  /// Bytes up to the end of the last block.
  private var length = 0
  /// What was kept of earlier blocks.
  private var carried: [UInt8] = []

  /// Whether the value has a closing character.
  var isBracketed: Bool { Self.isBracketed(first) }

  static func isBracketed(_ first: UInt8) -> Bool {
    first == UInt8(ascii: "{") || first == UInt8(ascii: "[") || first == UInt8(ascii: "\"")
  }

  /// Whether a text is a word or, by its characters, a number of JSON as Python writes it.
  static func isScalar(_ text: UnsafeRawBufferPointer) -> Bool {
    let words = ["true", "false", "null", "NaN", "Infinity", "-Infinity"]
    if words.contains(where: { text.elementsEqual($0.utf8) }) { return true }
    guard let first = text.first, first == UInt8(ascii: "-") || isDigit(first) else { return false }
    return text.dropFirst().allSatisfy { isDigit($0) || "+-.eE".utf8.contains($0) }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

  /// - Parameters:
  ///   - first: the value's first character, which comes again in the text.
  ///   - position: where it stands in the text.
  mutating func begin(_ first: UInt8, at position: Int, keeping: Keeping) {
    scanner = ValueScanner()
    self.keeping = keeping
    self.first = first
    start = position
    length = 0
  }

  /// Looks on from `position`.
  ///
  /// - Returns: the position behind the value, or `nil` when it goes on in the next block.
  mutating func end(in block: UnsafeRawBufferPointer, from position: Int) throws(DumpFormatError) -> Int? {
    let end: Int?
    do throws(ValueScanner.Fault) {
      end = isBracketed ? try scanner.end(in: block, from: position) : Self.endOfScalar(block, from: position)
    } catch {
      let depth = ValueScanner.maximumDepth
      throw .malformed("brackets that do not fit, or deeper than \(depth), in what begins", at: start)
    }
    let piece = UnsafeRawBufferPointer(rebasing: block[position..<(end ?? block.count)])
    length += piece.count
    guard length <= maximumRecord else { throw DumpFormatError(.recordTooLarge, "\(maximumRecord)") }
    if case .short = keeping, length > Self.maximumShort {
      throw .malformed("a name, time or number of more than \(Self.maximumShort) bytes", at: start)
    }
    if end == nil || !carried.isEmpty { carry(piece) }
    return end
  }

  /// The text of a value that has ended, when it ended in another block than it began in.
  mutating func takeCarried() -> [UInt8]? {
    guard !carried.isEmpty else { return nil }
    let whole = carried
    carried.removeAll(keepingCapacity: whole.count < 1 << 20)
    return whole
  }

  /// The text of a value that ended in the block in which it began.
  func text(in block: UnsafeRawBufferPointer, _ range: Range<Int>) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: block[range].prefix(limit))
  }

  /// How many bytes are given out.
  private var limit: Int {
    switch keeping {
    case .whole: maximumRecord
    case .short, .beginning: Self.maximumShort
    case .nothing: 0
    }
  }

  private mutating func carry(_ piece: UnsafeRawBufferPointer) {
    carried.append(contentsOf: UnsafeRawBufferPointer(rebasing: piece.prefix(limit - carried.count)))
  }

  /// Numbers and words have no closing character: they end before the next comma or bracket.
  private static func endOfScalar(_ block: UnsafeRawBufferPointer, from start: Int) -> Int? {
    block[start...].firstIndex { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "}") || $0 <= 0x20 }
  }
}
