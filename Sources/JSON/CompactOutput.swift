/// What a compacting pass has written so far: bytes of its own, and behind them a stretch of the source that is taken as
/// it stands. As long as nothing is spelled anew there is only the stretch, and nothing is copied.
///
/// A place counts bytes from the beginning of both together.
struct CompactOutput {
  private let source: UnsafeRawBufferPointer
  /// Memory for the bytes of its own, of which `count` are written.
  private let memory: UnsafeMutableRawBufferPointer
  private var count = 0
  /// Where the stretch begins in the source.
  private var stretch = 0

  /// How much memory a source needs: `NaN` alone has a longer spelling, `null`, and what is written at once may have some
  /// bytes behind it that do not count.
  static func size(for source: UnsafeRawBufferPointer) -> Int { source.count + source.count / 3 + 16 }

  /// - Parameter memory: as much as `size` says.
  init(source: UnsafeRawBufferPointer, memory: UnsafeMutableRawBufferPointer) {
    self.source = source
    self.memory = memory
  }

  /// The place of a position in the source that the stretch reaches.
  @inline(__always)
  func place(of position: Int) -> Int { count + position - stretch }

  /// Leaves some of the source out.
  @inline(__always)
  mutating func leaveOut(_ range: Range<Int>) {
    endStretch(at: range.lowerBound, goingOnAt: range.upperBound)
  }

  /// Writes a character in its one spelling in the place of some of the source.
  @inline(__always)
  mutating func replace(_ range: Range<Int>, with scalar: Unicode.Scalar) {
    endStretch(at: range.lowerBound, goingOnAt: range.upperBound)
    let (bytes, length) = JSONWriter.content(of: scalar)
    precondition(count + 8 <= memory.count)
    memory.storeBytes(of: bytes.littleEndian, toByteOffset: count, as: UInt64.self)
    count += length
  }

  /// Writes a word in the place of some of the source.
  mutating func replace(_ range: Range<Int>, with word: StaticString) {
    endStretch(at: range.lowerBound, goingOnAt: range.upperBound)
    append(UnsafeRawBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
  }

  /// Writes what begins at a place anew, from parts of what was written there.
  ///
  /// - Parameters:
  ///   - start: the place.
  ///   - position: the position in the source up to which everything was written.
  ///   - write: gets what was written from the place on, and appends what is to stand there, which is no longer.
  mutating func rewrite(from start: Int, upTo position: Int, _ write: (ArraySlice<UInt8>, inout [UInt8]) -> Void) {
    endStretch(at: position, goingOnAt: position)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count - start)
    write(Array(memory[start..<count])[...], &bytes)
    count = start
    bytes.withUnsafeBytes { append($0) }
  }

  /// Makes sure that what was written between a place and a position of the source is in one piece of memory.
  @inline(__always)
  mutating func join(from place: Int, upTo position: Int) {
    if place < count, stretch < position { endStretch(at: position, goingOnAt: position) }
  }

  /// The bytes of a range of places that is in one piece of memory.
  @inline(__always)
  func withBytes<Value>(_ range: Range<Int>, _ body: (UnsafeRawBufferPointer) -> Value) -> Value {
    if range.lowerBound >= count {
      let start = stretch + range.lowerBound - count
      return body(UnsafeRawBufferPointer(rebasing: source[start..<start + range.count]))
    }
    return body(UnsafeRawBufferPointer(rebasing: memory[range]))
  }

  /// Ends the output at a position of the source.
  ///
  /// - Returns: all that was written, in an array that is no larger than it must be.
  func finished(at position: Int) -> [UInt8] {
    let rest = UnsafeRawBufferPointer(rebasing: source[stretch..<position])
    return Array(unsafeUninitializedCapacity: count + rest.count) { buffer, initialized in
      let all = UnsafeMutableRawBufferPointer(buffer)
      all.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[..<count]))
      UnsafeMutableRawBufferPointer(rebasing: all[count...]).copyMemory(from: rest)
      initialized = count + rest.count
    }
  }

  @inline(__always)
  private mutating func endStretch(at end: Int, goingOnAt next: Int) {
    if stretch < end { append(UnsafeRawBufferPointer(rebasing: source[stretch..<end])) }
    stretch = next
  }

  @inline(__always)
  private mutating func append(_ bytes: UnsafeRawBufferPointer) {
    precondition(count + bytes.count <= memory.count)
    UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyMemory(from: bytes)
    count += bytes.count
  }
}
