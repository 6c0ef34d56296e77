import Cryptography

/// Seals the chunks of one file in their order. It needs not know where the file ends, so a file can grow.
///
/// It can't be copied, because two copies would use a counter twice: two contents with one nonce give both away. For
/// the same reason, when writing a chunk fails, either the same bytes are written again or the file gets no more.
package struct ChunkSealer: ~Copyable, Sendable {
  private let key: SealedFileKey
  private var next: UInt64? = 0

  /// Begins with the file's first chunk.
  ///
  /// - Parameter key: a new file's. A file that exists is never continued.
  package init(_ key: SealedFileKey) {
    self.key = key
  }

  /// Whether the last chunk was sealed.
  package var isFinished: Bool { next == nil }

  /// Takes the number of the next chunk.
  ///
  /// - Throws: `DumpFormatError` `wrongOrder` behind the last chunk.
  mutating func takeCounter(isLast: Bool = false) throws(DumpFormatError) -> UInt64 {
    guard let counter = next else { throw DumpFormatError(.wrongOrder, "a chunk came behind the last one") }
    next = isLast ? nil : counter + 1
    return counter
  }

  /// Seals the next chunk.
  ///
  /// - Parameter isLast: whether no further chunk may come.
  /// - Returns: the whole chunk with its header and tag.
  /// - Throws: `DumpFormatError` `wrongOrder` behind the last chunk, `recordTooLarge` for more than a chunk holds.
  package mutating func seal(
    _ content: UnsafeRawBufferPointer, isLast: Bool = false
  ) throws(DumpFormatError) -> [UInt8] {
    let counter = try takeCounter(isLast: isLast)
    return try Self.seal(counter, isLast: isLast, key, capacity: content.count) { output in
      output.copyMemory(from: content)
      return content.count
    }
  }

  /// Seals the next chunk.
  package mutating func seal(_ content: [UInt8], isLast: Bool = false) throws(DumpFormatError) -> [UInt8] {
    let counter = try takeCounter(isLast: isLast)
    return try Self.seal(counter, isLast: isLast, key, capacity: content.count) { output in
      output.copyBytes(from: content)
      return content.count
    }
  }

  /// Seals a chunk whose number was taken. Different threads can do that for different chunks.
  ///
  /// - Parameters:
  ///   - capacity: the most bytes of the content.
  ///   - fill: writes the content and returns its size in bytes.
  static func seal(
    _ counter: UInt64, isLast: Bool = false, _ key: SealedFileKey, capacity: Int,
    fill: (UnsafeMutableRawBufferPointer) throws(DumpFormatError) -> Int
  ) throws(DumpFormatError) -> [UInt8] {
    var failure: DumpFormatError?
    let chunk = [UInt8](unsafeUninitializedCapacity: capacity + ChunkHeader.overhead) { buffer, count in
      let buffer = UnsafeMutableRawBufferPointer(buffer)
      do throws(DumpFormatError) {
        let room = ChunkHeader.size..<ChunkHeader.size + capacity
        let length = try fill(UnsafeMutableRawBufferPointer(rebasing: buffer[room]))
        guard let header = ChunkHeader(length: length, counter: counter, isLast: isLast) else {
          throw DumpFormatError(.recordTooLarge, "\(ChunkHeader.maximumLength)")
        }
        let head = header.bytes
        buffer.copyBytes(from: head)
        let sealed = UnsafeMutableRawBufferPointer(rebasing: buffer[ChunkHeader.size..<header.chunkSize])
        try cryptographic { () throws(CryptographyError) in
          try AES256GCM.seal(
            UnsafeRawBufferPointer(rebasing: sealed[..<length]), key: key.bytes, nonce: header.nonce,
            associatedData: head, into: sealed)
        }
        count = header.chunkSize
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return chunk
  }
}
