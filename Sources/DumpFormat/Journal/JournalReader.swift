import Cryptography

/// Reads a journal's file from its beginning. The file may still grow: at its end `next` returns `nil`, and later more.
package struct JournalReader: Sendable {
  /// The commits of one chunk.
  package struct Batch: Sendable, Equatable {
    /// The commits, in order.
    package let commits: [JournalCommit]
    /// The chunk's tag as other journals name it, in hexadecimal digits.
    package let tag: String
  }

  /// The end of what could be read.
  package enum Ending: Sendable, Equatable {
    /// The file ends behind a whole chunk.
    case open
    /// The journal was closed, so nothing is missing.
    case closed
    /// Bytes follow that are no whole authentic chunk, and no such chunk comes behind them: a write that was cut off.
    case torn(bytes: Int)
  }

  /// The facts that the journal states about itself. They are authentic.
  package let header: JournalHeader
  /// The tag of the first chunk, as other journals name it.
  package let headerTag: String
  /// The number of commits that were read.
  package private(set) var commits = 0
  /// The end, once `next` has returned `nil`.
  package private(set) var ending = Ending.open
  /// Bytes up to the end of the newest chunk that was read.
  package private(set) var position: Int

  private var source: any DumpSource
  private let opener: ChunkOpener
  private var order = ChunkOrder()

  /// Opens a journal and reads its header.
  ///
  /// - Returns: `nil` when the file's beginning is not whole and nothing follows it, so that it holds no commit.
  /// - Throws: `DumpFormatError`: `notADump`, `noKey`, `damaged`, `unsupportedLayout`, `unsupportedVersion`,
  ///   `malformedContent`, or what kept it from being read.
  package init?(_ source: any DumpSource, _ keyring: DumpKeyring) throws(DumpFormatError) {
    let first: Chunk
    do throws(DumpFormatError) {
      let preamble = try SealedPreamble(Self.bytes(of: source, at: 0, SealedPreamble.size), kind: .journal)
      opener = ChunkOpener(try SealedFileKey.find(for: preamble, in: keyring))
      guard let chunk = try Self.chunk(source, at: SealedPreamble.size, opener), !chunk.header.isLast,
        order.accept(chunk.header)
      else { throw DumpFormatError(.damaged, "its header was changed") }
      first = chunk
    } catch {
      // Zeros are what a file system leaves of a write that it did not finish.
      if !error.isOfReading, try Self.isZero(source, from: JournalHeader.beginningSize) { return nil }
      throw error
    }
    self.source = source
    let header = try JournalHeader(first.content)
    self.header = header
    headerTag = header.copiedTag ?? first.tag
    position = SealedPreamble.size + first.header.chunkSize
  }

  /// Goes on in the same file, opened anew. What another machine added to a file on a network volume shows only then.
  ///
  /// - Returns: `false` when it is not the same journal.
  package mutating func reopen(_ source: any DumpSource) throws(DumpFormatError) -> Bool {
    guard source.size >= position, try Self.chunk(source, at: SealedPreamble.size, opener)?.tag == headerTag else {
      return false
    }
    self.source = source
    return true
  }

  /// The commits of the next chunk.
  ///
  /// - Returns: `nil` at the end, of which `ending` then tells the kind.
  /// - Throws: `DumpFormatError` `damaged` when a chunk was changed or is missing although others follow it,
  ///   `malformedContent`, or what kept the file from being read.
  package mutating func next() throws(DumpFormatError) -> Batch? {
    guard !order.isFinished else { return nil }
    let size = source.size
    guard position < size else {
      ending = .open
      return nil
    }
    var ahead = order
    guard let (header, sealed, ownTag) = try Self.chunk(source, at: position, opener), ahead.accept(header) else {
      let count = UInt64(chunks)
      guard try !Self.hasChunk(source, behind: position, from: count, opener) else {
        throw DumpFormatError(.damaged, "a chunk of it was changed or is missing, at byte \(position)")
      }
      ending = .torn(bytes: size - position)
      return nil
    }
    order = ahead
    position += header.chunkSize
    chunks += 1
    guard !header.isLast else {
      guard position == source.size else { throw DumpFormatError(.damaged, "bytes follow its end") }
      ending = .closed
      return nil
    }
    var (content, tag) = (sealed, ownTag)
    if self.header.copiedTag != nil {
      guard content.count >= ChunkHeader.tagSize else {
        throw DumpFormatError(.malformedContent, "a chunk of a copy lacks the tag of the one that it stands for")
      }
      tag = Hexadecimal.encode(content.prefix(ChunkHeader.tagSize))
      content.removeFirst(ChunkHeader.tagSize)
    }
    let batch = try JournalCommit.decode(content)
    for commit in batch {
      guard commit.number == commits + 1 else {
        throw DumpFormatError(.malformedContent, "commit \(commit.number) follows commit \(commits)")
      }
      commits = commit.number
    }
    return Batch(commits: batch, tag: tag)
  }

  /// The chunks that were read.
  private var chunks = 1

  private typealias Chunk = (header: ChunkHeader, content: [UInt8], tag: String)

  private static func chunk(
    _ source: any DumpSource, at offset: Int, _ opener: ChunkOpener
  ) throws(DumpFormatError) -> Chunk? {
    guard let header = ChunkHeader(try bytes(of: source, at: offset, ChunkHeader.size)),
      offset + header.chunkSize <= source.size
    else { return nil }
    let rest = header.length + ChunkHeader.tagSize
    var sealed = try bytes(of: source, at: offset + ChunkHeader.size, rest)
    guard sealed.count == rest else { return nil }
    let tag = ChunkTag(of: sealed).text
    guard try opener.open(header, &sealed) else { return nil }
    return (header, sealed, tag)
  }

  /// Whether an authentic chunk stands anywhere behind an offset.
  ///
  /// - Parameter counter: of the chunk that belongs at the offset. Chunks of lower numbers are copies, and show
  ///   nothing.
  private static func hasChunk(
    _ source: any DumpSource, behind offset: Int, from counter: UInt64, _ opener: ChunkOpener
  ) throws(DumpFormatError) -> Bool {
    let step = 1 << 20
    var start = offset
    while start < source.size {
      // Pieces overlap, so that a header across their border is seen.
      let piece = try bytes(of: source, at: start, step + ChunkHeader.size - 1)
      var index = 0
      while let place = piece[index...].firstRange(of: ChunkHeader.marker)?.lowerBound {
        index = place + 1
        guard place < step, let header = ChunkHeader(piece[place...].prefix(ChunkHeader.size)),
          header.counter >= counter
        else { continue }
        if let found = try chunk(source, at: start + place, opener), found.header == header { return true }
      }
      start += step
    }
    return false
  }

  private static func isZero(_ source: any DumpSource, from offset: Int) throws(DumpFormatError) -> Bool {
    var start = offset
    while start < source.size {
      let piece = try bytes(of: source, at: start, 1 << 20)
      guard !piece.isEmpty, piece.allSatisfy({ $0 == 0 }) else { return false }
      start += piece.count
    }
    return true
  }

  private static func bytes(of source: any DumpSource, at offset: Int, _ count: Int) throws(DumpFormatError) -> [UInt8]
  {
    var bytes = [UInt8](repeating: 0, count: count)
    let read = try bytes.withUnsafeMutableBytes { buffer in
      Result { () throws(DumpFormatError) in try source.read(at: offset, into: buffer) }
    }.get()
    bytes.removeLast(count - read)
    return bytes
  }
}
