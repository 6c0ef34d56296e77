import Cryptography

/// Writes a journal again under another key, with the same commits in chunks that stand for the same chunks.
package struct JournalRekeying {
  /// The content of a journal, to compare two of them.
  package struct Content: Sendable, Equatable {
    /// The number of commits.
    package let commits: Int
    /// A digest of number, start, chunks and end.
    let digest: String
  }

  /// The journal's number.
  package let number: JournalNumber
  private var reader: JournalReader

  /// Whether a file begins as a journal.
  package static func isJournal(_ source: any DumpSource) throws(DumpFormatError) -> Bool {
    let magic = SealedFileKind.journal.magic
    guard source.size >= magic.count else { return false }
    return try source.bytes(at: 0, count: magic.count) == magic
  }

  /// Opens a journal.
  ///
  /// - Returns: `nil` when it holds no commit, because its beginning is not whole.
  package init?(of source: any DumpSource, _ keyring: DumpKeyring) throws(DumpFormatError) {
    guard let reader = try JournalReader(source, keyring) else { return nil }
    self.reader = reader
    number = reader.header.number
  }

  /// Reads the whole journal, and writes its copy. A write that was cut off at the end is left out.
  ///
  /// - Parameters:
  ///   - place: the place behind which another journal goes on, or `nil` when none does.
  ///   - write: takes the bytes of the copy, in order.
  /// - Throws: `DumpFormatError` `damaged` also when the place is not there.
  package consuming func write(
    under key: DumpKey, reaching place: JournalPlace?, _ write: ([UInt8]) throws -> Void
  ) throws -> Content {
    var sealer = try JournalSealer(reader.header.copied(reader.headerTag), key: key)
    try write(sealer.beginning)
    var isThere = place == nil || place?.commits == 0 && place?.tag == reader.headerTag
    let content = try Self.content(&reader) { batch, bytes in
      if let place, batch.commits.last?.number == place.commits, batch.tag == place.tag { isThere = true }
      guard let tag = Hexadecimal.decode(batch.tag.utf8) else {
        throw DumpFormatError(.malformedContent, "a tag in it is no hexadecimal number")
      }
      try write(sealer.seal(tag + bytes))
    }
    if let place, !isThere {
      throw DumpFormatError(
        .damaged, "the journal after it goes on behind \(place.commits) changes that it does not have")
    }
    if reader.ending == .closed { try write(sealer.close()) }
    return content
  }

  /// Reads the whole journal.
  package consuming func content() throws -> Content { try Self.content(&reader) { _, _ in } }

  /// - Parameter take: is given each chunk's commits, and their bytes.
  private static func content(
    _ reader: inout JournalReader, _ take: (JournalReader.Batch, [UInt8]) throws -> Void
  ) throws -> Content {
    let hash = try SHA256Stream()
    let header = reader.header
    try hash.update(header.copied(reader.headerTag).bytes)
    while let batch = try reader.next() {
      var bytes: [UInt8] = []
      for commit in batch.commits { commit.encode(into: &bytes) }
      try hash.update(Array("\(batch.tag) \(bytes.count) ".utf8))
      try hash.update(bytes)
      try take(batch, bytes)
    }
    try hash.update(Array((reader.ending == .closed ? "closed" : "open").utf8))
    return Content(commits: reader.commits, digest: try hash.hexadecimal())
  }
}
