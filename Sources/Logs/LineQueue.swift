/// A bounded queue of lines that wait for an output. Lines that do not fit are dropped and counted.
///
/// This is a value without a clock or a descriptor: `OutputQueue` acts on it.
struct LineQueue: Sendable {
  /// The bytes up to which short lines are written together. Linux never mixes a write of at most this size to a pipe
  /// with a write of another process (PIPE_BUF, `pipe(7)`).
  private static let chunkSize = 4096

  enum Importance: Sendable {
    case usual
    /// A warning or worse. Such lines may also use the last quarter of the queue.
    case high
  }

  /// The largest size of the queue in bytes.
  private let capacity: Int
  /// Chunks of whole lines, the oldest first.
  private var chunks: [[UInt8]] = []
  private(set) var bytes = 0
  /// The number of lines that were dropped since the last notice.
  private(set) var dropped = 0
  /// The earliest time of the next notice. While lines are being dropped, one notice a second is enough.
  private var nextNotice = Duration.zero

  init(capacity: Int = 4 << 20) {
    self.capacity = capacity
  }

  var isEmpty: Bool { chunks.isEmpty }

  /// Adds a line that ends in a newline, or drops and counts it.
  mutating func append(_ line: [UInt8], _ importance: Importance) {
    let limit = importance == .high ? capacity : capacity / 4 * 3
    guard bytes + line.count <= limit else {
      dropped += 1
      return
    }
    insert(line)
  }

  /// Removes the next bytes to write: one or more whole lines.
  mutating func next() -> [UInt8]? {
    guard !chunks.isEmpty else { return nil }
    let chunk = chunks.removeFirst()
    bytes -= chunk.count
    return chunk
  }

  /// The number of dropped lines that a notice should report, if one is due. Call this after the output has accepted
  /// bytes.
  mutating func takeDropped(now: Duration) -> Int? {
    guard dropped > 0, isEmpty || now >= nextNotice else { return nil }
    defer { dropped = 0 }
    nextNotice = now + .seconds(1)
    return dropped
  }

  /// Adds a notice even if the queue is full. There is one at a time.
  mutating func insert(_ line: [UInt8]) {
    bytes += line.count
    if let last = chunks.indices.last, chunks[last].count + line.count <= Self.chunkSize {
      chunks[last] += line
    } else {
      chunks.append(line)
    }
  }
}
