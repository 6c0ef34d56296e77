import Cryptography

/// Makes the bytes of one journal's file.
package struct JournalSealer: ~Copyable {
  /// The preamble and the first chunk, which holds the header.
  package let beginning: [UInt8]
  /// The tag of the newest chunk but the closing one.
  package private(set) var newest: ChunkTag
  /// The same in hexadecimal digits.
  package var tag: String { newest.text }
  private var sealer: ChunkSealer

  /// Begins a journal.
  package init(_ header: JournalHeader, key: DumpKey) throws(DumpFormatError) {
    let (key, preamble) = try SealedFileKey.create(.journal, compression: .none, key: key)
    var sealer = ChunkSealer(key)
    let first = try sealer.seal(header.bytes)
    beginning = preamble.bytes + first
    newest = ChunkTag(of: first)
    self.sealer = sealer
  }

  /// Seals commits as one chunk.
  package mutating func seal(_ commits: [UInt8]) throws(DumpFormatError) -> [UInt8] {
    let chunk = try sealer.seal(commits)
    newest = ChunkTag(of: chunk)
    return chunk
  }

  /// The chunk that closes the journal. It shows that nothing is missing at the end.
  package mutating func close() throws(DumpFormatError) -> [UInt8] { try sealer.seal([], isLast: true) }
}

/// The authentication tag of a chunk, without memory of its own: one is kept for each write.
package struct ChunkTag: Sendable, Equatable {
  private let high: UInt64
  private let low: UInt64

  /// The tag at the end of a chunk.
  init(of chunk: some BidirectionalCollection<UInt8>) {
    var halves: (high: UInt64, low: UInt64) = (0, 0)
    for byte in chunk.suffix(ChunkHeader.tagSize) {
      halves.high = halves.high << 8 | halves.low >> 56
      halves.low = halves.low << 8 | UInt64(byte)
    }
    (high, low) = halves
  }

  /// The tag in hexadecimal digits.
  package var text: String {
    let bytes = [high, low].flatMap { half in (0..<8).map { UInt8(truncatingIfNeeded: half >> (56 - 8 * $0)) } }
    return Hexadecimal.encode(bytes)
  }
}
