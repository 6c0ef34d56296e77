/// The beginning in clear of a chunk, 16 bytes: a marker, the length of the sealed bytes, and a counter whose highest
/// bit says that the chunk is the file's last. The chunk's tag authenticates it.
package struct ChunkHeader: Sendable, Equatable {
  /// Bytes of a header.
  package static let size = 16
  /// Bytes around what is sealed in a chunk.
  package static let overhead = size + tagSize
  /// Bytes of the tag, which ends a chunk.
  package static let tagSize = 16
  /// Bytes of the largest content of a chunk: the largest record with room for what names it, and for the frame of a
  /// compression that saves nothing.
  package static let maximumLength = maximumRecord + 2 << 20

  /// The first bytes of each chunk.
  package static let marker = Array("CHNK".utf8)

  private static let lastBit: UInt64 = 1 << 63

  /// The bytes that are sealed, without the tag.
  package let length: Int
  /// The number of the chunk in its file, from 0.
  package let counter: UInt64
  /// Whether the file ends with this chunk.
  package let isLast: Bool

  /// - Returns: `nil` when the length or the counter is out of bounds.
  package init?(length: Int, counter: UInt64, isLast: Bool) {
    guard 0...Self.maximumLength ~= length, counter < Self.lastBit else { return nil }
    self.length = length
    self.counter = counter
    self.isLast = isLast
  }

  /// Reads a header.
  ///
  /// - Returns: `nil` when these are not the 16 bytes of a header.
  package init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == Self.size, bytes.prefix(4).elementsEqual(Self.marker) else { return nil }
    let word = Self.number(bytes.dropFirst(8))
    self.init(
      length: Int(Self.number(bytes.dropFirst(4).prefix(4))), counter: word & ~Self.lastBit,
      isLast: word & Self.lastBit != 0)
  }

  /// The 16 bytes.
  package var bytes: [UInt8] { Self.marker + Self.bytes(UInt32(length)) + counterBytes }

  /// The size of the whole chunk in bytes.
  package var chunkSize: Int { length + Self.overhead }

  /// 12 bytes. No two chunks of a file have the same.
  var nonce: [UInt8] { [0, 0, 0, 0] + counterBytes }

  private var counterBytes: [UInt8] { Self.bytes(isLast ? counter | Self.lastBit : counter) }

  private static func bytes(_ number: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: number.littleEndian) { Array($0) }
  }

  private static func number(_ bytes: some Collection<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}
