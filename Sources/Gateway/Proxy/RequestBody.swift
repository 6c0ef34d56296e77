import NIOCore

/// The body of a call on its way to the server: what waits for a connection, and what is kept for another try. A value.
struct RequestBody {
  /// More than this is not kept for another try, and no more than this waits for a connection.
  static let keptBytes = 64 << 10

  /// The parts from the beginning, or `nil` when there were too many.
  private(set) var kept: [ByteBuffer]? = []
  private var keptCount = 0
  /// The number of parts at the end of `kept` that no connection has got.
  private var unsent = 0
  /// Bytes that came, whether they are kept or not.
  private(set) var count = 0
  private(set) var isComplete = false

  /// Whether no more can be taken until a connection is there.
  var isFull: Bool { keptCount >= Self.keptBytes && unsent > 0 }

  /// Bytes that are in memory.
  var heldBytes: Int { kept == nil ? 0 : keptCount }

  /// Keeps nothing for another try. Everything that came is sent.
  mutating func giveUpKeeping() {
    if unsent == 0 { kept = nil }
  }

  /// Whether the whole request can be sent once more.
  var isRepeatable: Bool { kept != nil }

  /// A part came.
  ///
  /// - Parameter isConnected: whether it is sent at once.
  mutating func receive(_ bytes: ByteBuffer, isConnected: Bool) {
    count += bytes.readableBytes
    guard kept != nil else { return }
    if isConnected, keptCount + bytes.readableBytes > Self.keptBytes {
      kept = nil
      return
    }
    kept?.append(bytes)
    keptCount += bytes.readableBytes
    if !isConnected { unsent += 1 }
  }

  mutating func complete() { isComplete = true }

  /// The parts that a new connection gets first.
  mutating func partsForConnection() -> [ByteBuffer] {
    unsent = 0
    let parts = kept ?? []
    // They are sent once; to repeat them would take more memory than a call may have.
    if keptCount > Self.keptBytes { kept = nil }
    return parts
  }
}
