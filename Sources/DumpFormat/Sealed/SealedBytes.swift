/// Bytes as one sealed file: a preamble, and chunks of up to 1 MiB.
package enum SealedBytes {
  private static let chunk = 1 << 20

  /// Seals bytes under a new key of their own.
  package static func seal(
    _ content: [UInt8], as kind: SealedFileKind, key: DumpKey
  ) throws(DumpFormatError) -> [UInt8] {
    let (fileKey, preamble) = try SealedFileKey.create(kind, compression: .none, key: key)
    var sealer = ChunkSealer(fileKey)
    var file = preamble.bytes
    var rest = content[...]
    repeat {
      let part = Array(rest.prefix(chunk))
      rest = rest.dropFirst(chunk)
      file += try sealer.seal(part, isLast: rest.isEmpty)
    } while !rest.isEmpty
    return file
  }

  /// Opens what was sealed.
  ///
  /// - Throws: `DumpFormatError` `notADump` when the bytes are of another kind, `noKey`, `truncated`,
  ///   `unsupportedLayout`, or `damaged`.
  package static func open(
    _ file: [UInt8], as kind: SealedFileKind, in keyring: DumpKeyring
  ) throws(DumpFormatError) -> [UInt8] {
    let preamble = try SealedPreamble(Array(file.prefix(SealedPreamble.size)), kind: kind)
    let opener = ChunkOpener(try SealedFileKey.find(for: preamble, in: keyring))
    var order = ChunkOrder()
    var content: [UInt8] = []
    var rest = file.dropFirst(SealedPreamble.size)
    while !order.isFinished {
      guard rest.count >= ChunkHeader.size else { throw DumpFormatError(.truncated) }
      guard let header = ChunkHeader(rest.prefix(ChunkHeader.size)), order.accept(header) else {
        throw DumpFormatError(.damaged, "a chunk begins with other bytes than it should")
      }
      guard rest.count >= header.chunkSize else { throw DumpFormatError(.truncated) }
      var sealed = Array(rest.dropFirst(ChunkHeader.size).prefix(header.chunkSize - ChunkHeader.size))
      guard try opener.open(header, &sealed) else { throw DumpFormatError(.damaged, "a chunk was changed") }
      content += sealed
      rest = rest.dropFirst(header.chunkSize)
    }
    guard rest.isEmpty else { throw DumpFormatError(.damaged, "there are bytes behind the last chunk") }
    return content
  }
}
