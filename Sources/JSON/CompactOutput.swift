/// The output of a compacting pass: bytes in its own memory, followed by a stretch of the source that is used
/// unchanged. Until something must be written differently there is only the stretch, and nothing is copied.
///
/// An offset in the output counts from the beginning of both parts together.
struct CompactOutput {
  private let source: UnsafeRawBufferPointer
  /// Memory for the output's own bytes, of which `count` are written.
  private let memory: UnsafeMutableRawBufferPointer
  private var count = 0
  /// The position in the source at which the stretch begins.
  private var stretch = 0

  /// The bytes of memory that a source needs. Only `NaN` has a longer spelling, which is `null`. A write may also touch
  /// some bytes after its end, which do not count.
  static func size(for source: UnsafeRawBufferPointer) -> Int { source.count + source.count / 3 + 16 }

  /// - Parameter memory: `size(for:)` bytes.
  init(source: UnsafeRawBufferPointer, memory: UnsafeMutableRawBufferPointer) {
    self.source = source
    self.memory = memory
  }

  /// The offset in the output of a position in the source that the stretch reaches.
  @inline(__always)
  func offset(of position: Int) -> Int { count + position - stretch }

  /// Omits a range of the source.
  @inline(__always)
  mutating func leaveOut(_ range: Range<Int>) {
    endStretch(at: range.lowerBound, goingOnAt: range.upperBound)
  }

  /// Writes the canonical spelling of a character instead of a range of the source.
  @inline(__always)
  mutating func replace(_ range: Range<Int>, with scalar: Unicode.Scalar) {
    endStretch(at: range.lowerBound, goingOnAt: range.upperBound)
    let (bytes, length) = JSONWriter.content(of: scalar)
    precondition(count + 8 <= memory.count)
    memory.storeBytes(of: bytes.littleEndian, toByteOffset: count, as: UInt64.self)
    count += length
  }

  /// Writes a word instead of a range of the source.
  mutating func replace(_ range: Range<Int>, with word: StaticString) {
    endStretch(at: range.lowerBound, goingOnAt: range.upperBound)
    append(UnsafeRawBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
  }

  /// Rewrites the output from an offset to its end, using parts of what was written there.
  ///
  /// - Parameters:
  ///   - start: the offset in the output.
  ///   - position: the position in the source up to which everything was written.
  ///   - write: receives the bytes written since `start` and appends their replacement, which must not be longer.
  mutating func rewrite(from start: Int, upTo position: Int, _ write: (ArraySlice<UInt8>, inout [UInt8]) -> Void) {
    endStretch(at: position, goingOnAt: position)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count - start)
    write(Array(memory[start..<count])[...], &bytes)
    count = start
    bytes.withUnsafeBytes { append($0) }
  }

  /// Ensures that the output between an offset and a position of the source is contiguous in memory.
  @inline(__always)
  mutating func join(from start: Int, upTo position: Int) {
    if start < count, stretch < position { endStretch(at: position, goingOnAt: position) }
  }

  /// Calls `body` with a range of the output that is contiguous in memory.
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
  /// - Returns: the whole output, in an array of exactly its size.
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
