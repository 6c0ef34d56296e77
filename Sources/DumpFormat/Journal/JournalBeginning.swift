/// The beginning of a journal's file, as many bytes as have the header. It tells journals apart without the rest.
///
/// Two values are equal when they are of the same file.
package struct JournalBeginning: Sendable, Equatable {
  /// Bytes of a beginning.
  package static let size = JournalHeader.beginningSize

  private let bytes: [UInt8]
  /// The tag of the first chunk of this file.
  private let ownTag: String

  /// Takes the first bytes of a file.
  ///
  /// - Returns: `nil` when they are not the whole beginning of a journal.
  package init?(_ bytes: [UInt8]) {
    let start = SealedPreamble.size
    guard bytes.count >= start + ChunkHeader.size, bytes.starts(with: SealedFileKind.journal.magic),
      let header = ChunkHeader(bytes[start..<(start + ChunkHeader.size)]), bytes.count >= start + header.chunkSize
    else { return nil }
    let end = start + header.chunkSize
    self.bytes = Array(bytes[..<end])
    ownTag = ChunkTag(of: bytes[..<end]).text
  }

  /// Reads the first bytes of a file.
  ///
  /// - Returns: `nil` when they are not the whole beginning of a journal.
  package init?(of source: any DumpSource) throws(DumpFormatError) {
    self.init(try source.bytes(at: 0, count: min(source.size, Self.size)))
  }

  /// The authentic header, or `nil` when none of the keys opens it.
  package func header(_ keyring: DumpKeyring) -> JournalHeader? { reader(keyring)?.header }

  /// Whether two files are the same journal. One of them can be a copy under another key.
  ///
  /// - Parameter keyring: tells for which journal a copy stands. A copy that none of the keys opens is taken for a
  ///   journal of its own.
  package func isOfSameJournal(as other: JournalBeginning, _ keyring: DumpKeyring) -> Bool {
    self == other || tag(keyring) == other.tag(keyring)
  }

  /// The tag of the first chunk as other journals name it.
  private func tag(_ keyring: DumpKeyring) -> String {
    guard let reader = reader(keyring) else { return ownTag }
    return reader.headerTag
  }

  private func reader(_ keyring: DumpKeyring) -> JournalReader? {
    do throws(DumpFormatError) {
      return try JournalReader(BeginningSource(bytes: bytes), keyring)
    } catch {
      // It is damaged, or of a key that is not here. It still is a file of its own.
      return nil
    }
  }
}

private struct BeginningSource: DumpSource {
  let bytes: [UInt8]

  var size: Int { bytes.count }

  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(DumpFormatError) -> Int {
    let part = bytes.dropFirst(offset).prefix(buffer.count)
    buffer.copyBytes(from: part)
    return part.count
  }
}
