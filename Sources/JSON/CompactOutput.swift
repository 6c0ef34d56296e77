/// What a compacting pass has written so far: bytes of its own, and behind them a stretch of the source that is taken as
/// it stands. As long as nothing is spelled anew there is only the stretch, and nothing is copied.
///
/// A place counts bytes from the beginning of both together.
struct CompactOutput {
  private let source: UnsafeRawBufferPointer
  private var own: [UInt8] = []
  /// Where the stretch begins in the source.
  private var stretch = 0

  init(source: UnsafeRawBufferPointer) {
    self.source = source
  }

  /// Takes the memory of an array before anything is written, or gives it back at the end.
  mutating func exchangeMemory(_ memory: inout [UInt8]) {
    memory.removeAll(keepingCapacity: true)
    swap(&own, &memory)
  }

  /// The place of a position in the source that the stretch reaches.
  @inline(__always)
  func place(of position: Int) -> Int { own.count + position - stretch }

  /// Leaves some of the source out.
  @inline(__always)
  mutating func leaveOut(_ range: Range<Int>) {
    endStretch(at: range.lowerBound, goingOnAt: range.upperBound)
  }

  /// Writes a character in its one spelling in the place of some of the source.
  mutating func replace(_ range: Range<Int>, with scalar: Unicode.Scalar) {
    endStretch(at: range.lowerBound, goingOnAt: range.upperBound)
    JSONWriter.writeContent(scalar, into: &own)
  }

  /// Writes a word in the place of some of the source.
  mutating func replace(_ range: Range<Int>, with word: StaticString) {
    endStretch(at: range.lowerBound, goingOnAt: range.upperBound)
    own.append(contentsOf: UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
  }

  /// Writes what begins at a place anew, from parts of what was written there.
  ///
  /// - Parameters:
  ///   - start: the place.
  ///   - position: the position in the source up to which everything was written.
  ///   - write: gets what was written from the place on, and appends what is to stand there.
  mutating func rewrite(from start: Int, upTo position: Int, _ write: (ArraySlice<UInt8>, inout [UInt8]) -> Void) {
    endStretch(at: position, goingOnAt: position)
    let written = Array(own[start...])
    own.removeLast(own.count - start)
    write(written[...], &own)
  }

  /// Makes sure that what was written between a place and a position of the source is in one piece of memory.
  @inline(__always)
  mutating func join(from place: Int, upTo position: Int) {
    if place < own.count, stretch < position { endStretch(at: position, goingOnAt: position) }
  }

  /// The bytes of a range of places that is in one piece of memory.
  @inline(__always)
  func withBytes<Value>(_ range: Range<Int>, _ body: (UnsafeRawBufferPointer) -> Value) -> Value {
    if range.lowerBound >= own.count {
      let start = stretch + range.lowerBound - own.count
      return body(UnsafeRawBufferPointer(rebasing: source[start..<start + range.count]))
    }
    return own.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[range])) }
  }

  /// Ends the output at a position of the source.
  ///
  /// - Returns: all that was written, in an array that is no larger than it must be.
  func finished(at position: Int) -> [UInt8] {
    let rest = UnsafeRawBufferPointer(rebasing: source[stretch..<position])
    return Array(unsafeUninitializedCapacity: own.count + rest.count) { buffer, count in
      let memory = UnsafeMutableRawBufferPointer(buffer)
      own.withUnsafeBytes { memory.copyBytes(from: $0) }
      UnsafeMutableRawBufferPointer(rebasing: memory[own.count...]).copyBytes(from: rest)
      count = own.count + rest.count
    }
  }

  private mutating func endStretch(at end: Int, goingOnAt next: Int) {
    own.append(contentsOf: UnsafeRawBufferPointer(rebasing: source[stretch..<end]))
    stretch = next
  }
}
