/// Lines that wait for an output, bounded. What does not fit is dropped and counted.
///
/// A value without a clock or a descriptor: `OutputQueue` acts on it.
struct LineQueue: Sendable {
  /// A write of at most this many bytes to a pipe is never mixed with another process's (PIPE_BUF of Linux, `pipe(7)`), so
  /// short lines are written together up to here.
  private static let chunkSize = 4096

  enum Importance: Sendable {
    case usual
    /// A warning or worse: it also gets the last quarter of the queue.
    case high
  }

  /// Bytes.
  private let capacity: Int
  /// Whole lines each, the oldest first.
  private var chunks: [[UInt8]] = []
  private(set) var bytes = 0
  /// Lines dropped since the last notice.
  private(set) var dropped = 0
  /// When the next notice may come; one a second is enough while lines go on being dropped.
  private var nextNotice = Duration.zero

  init(capacity: Int = 4 << 20) {
    self.capacity = capacity
  }

  var isEmpty: Bool { chunks.isEmpty }

  /// Takes a line with its end, or counts it as dropped.
  mutating func append(_ line: [UInt8], _ importance: Importance) {
    let limit = importance == .high ? capacity : capacity / 4 * 3
    guard bytes + line.count <= limit else {
      dropped += 1
      return
    }
    insert(line)
  }

  /// The next bytes to write: one or more whole lines.
  mutating func next() -> [UInt8]? {
    guard !chunks.isEmpty else { return nil }
    let chunk = chunks.removeFirst()
    bytes -= chunk.count
    return chunk
  }

  /// How many lines a notice should speak of, if one is due. To be asked when the output has moved.
  mutating func takeDropped(now: Duration) -> Int? {
    guard dropped > 0, isEmpty || now >= nextNotice else { return nil }
    defer { dropped = 0 }
    nextNotice = now + .seconds(1)
    return dropped
  }

  /// Takes a notice, however full the queue is: there is one at a time.
  mutating func insert(_ line: [UInt8]) {
    bytes += line.count
    if let last = chunks.indices.last, chunks[last].count + line.count <= Self.chunkSize {
      chunks[last] += line
    } else {
      chunks.append(line)
    }
  }
}
