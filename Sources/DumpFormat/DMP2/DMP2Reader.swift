import Cryptography
import Threads

/// Reads our layout in one pass: each chunk is authenticated before its content is looked at.
struct DMP2Reader: Sendable {
  /// The beginning of a file, opened: what `opened` found out.
  struct Opened: Sendable {
    let opener: ChunkOpener
    let header: DMP2Header
    /// The sealed bytes of the preamble and chunk 0, which the digest of the file begins with.
    let beginning: [UInt8]
    var order: ChunkOrder
  }

  let source: any DumpSource
  private let preamble: SealedPreamble

  init(_ source: any DumpSource) throws(DumpFormatError) {
    self.source = source
    preamble = try SealedPreamble(
      source.bytes(at: 0, count: min(source.size, SealedPreamble.size)), kind: .dump)
  }

  /// The compression of the chunks with records.
  var compression: ChunkCompression { preamble.compression }

  /// Finds the key and opens the header.
  ///
  /// - Throws: `DumpFormatError` `noKey` when none of the keys is the file's; `damaged`, `unsupportedVersion` or
  ///   `malformedContent` when one is.
  func opened(_ keyring: DumpKeyring) throws(DumpFormatError) -> Opened {
    let opener = ChunkOpener(try SealedFileKey.find(for: preamble, in: keyring))
    var order = ChunkOrder()
    let first = try chunk(at: SealedPreamble.size, &order)
    guard !first.header.isLast, first.header.length <= DMP2.maximumHeader else {
      throw .damaged("the header", at: SealedPreamble.size)
    }
    let sealed = first.header.bytes + first.sealed
    var content = first.sealed
    guard try opener.open(first.header, &content) else { throw .damaged("the header", at: SealedPreamble.size) }
    return Opened(
      opener: opener, header: try DMP2Header(content), beginning: preamble.bytes + sealed, order: order)
  }

  func beginning(_ keyring: DumpKeyring) throws(DumpFormatError) -> DumpBeginning {
    do throws(DumpFormatError) {
      return .header(try opened(keyring).header.header)
    } catch {
      if error.isOfReading { throw error }
      return error.code == .noKey ? .unintelligible : .text
    }
  }

  func inspect(_ keyring: DumpKeyring, isCancelled: () -> Bool) throws(DumpFormatError) -> DumpSummary {
    do {
      return try withoutActuallyEscaping(isCancelled) { isCancelled in
        try DMP2Pass<Void>(reader: self, prepare: { _ in }, isCancelled: isCancelled).run(keyring) { _, _ in }
      }
    } catch let error as DumpFormatError {
      throw error
    } catch let error as CryptographyError {
      throw .library(error.operation)
    } catch {
      throw .library("\(error)")
    }
  }

  func read(
    _ keyring: DumpKeyring, group: (String) throws -> Void, record: (String, UnsafeRawBufferPointer) throws -> Void
  ) throws -> DumpSummary {
    var present: String?
    return try DMP2Pass(reader: self, prepare: { $0 }, isCancelled: { false }).run(keyring) { name, batch in
      if present?.utf8.elementsEqual(name.utf8) != true {
        try group(name)
        present = name
      }
      try batch.forEach { try record(name, $0) }
    }
  }

  /// Reads the next chunk, which is not authenticated yet.
  func chunk(
    at offset: Int, _ order: inout ChunkOrder
  ) throws(DumpFormatError) -> (header: ChunkHeader, sealed: [UInt8]) {
    guard source.size - offset >= ChunkHeader.overhead else {
      throw DumpFormatError(.damaged, "it ends at byte \(source.size), before its last chunk")
    }
    do throws(DumpFormatError) {
      guard let header = ChunkHeader(try source.bytes(at: offset, count: ChunkHeader.size)), order.accept(header) else {
        throw .damaged("the beginning of a chunk", at: offset)
      }
      guard header.chunkSize <= source.size - offset else {
        throw DumpFormatError(.damaged, "it ends at byte \(source.size), within a chunk")
      }
      return (
        header,
        try source.bytes(at: offset + ChunkHeader.size, count: header.chunkSize - ChunkHeader.size)
      )
    } catch {
      // The file became shorter meanwhile.
      throw error.code == .truncated ? DumpFormatError(.damaged, "it ends within a chunk") : error
    }
  }
}

extension DumpFormatError {
  /// - Parameter offset: in the file, bytes.
  static func damaged(_ what: String, at offset: Int) -> DumpFormatError {
    DumpFormatError(.damaged, "\(what) at byte \(offset) is not as it was written")
  }
}
