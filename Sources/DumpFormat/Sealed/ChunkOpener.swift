import Cryptography

/// Opens chunks of one file, in any order and on any thread. `ChunkOrder` tells whether they are all there.
package struct ChunkOpener: Sendable {
  private let key: SealedFileKey

  /// Opens what was sealed with this key.
  package init(_ key: SealedFileKey) {
    self.key = key
  }

  /// Opens a chunk in place.
  ///
  /// - Parameters:
  ///   - header: the chunk's header as it stands in the file.
  ///   - sealed: what follows it, `header.length` bytes and the tag. The content is left of it, or nothing.
  /// - Returns: whether it is authentic.
  package func open(_ header: ChunkHeader, _ sealed: inout [UInt8]) throws(DumpFormatError) -> Bool {
    guard sealed.count == header.length + ChunkHeader.tagSize else {
      sealed = []
      return false
    }
    let isAuthentic = try sealed.withUnsafeMutableBufferPointer { sealed throws(DumpFormatError) in
      try cryptographic { () throws(CryptographyError) in
        try AES256GCM.open(
          UnsafeMutableRawBufferPointer(sealed), key: key.bytes, nonce: header.nonce, associatedData: header.bytes)
      }
    }
    if isAuthentic { sealed.removeLast(ChunkHeader.tagSize) } else { sealed = [] }
    return isAuthentic
  }
}

/// The numbers that the chunks of a file must have: 0, 1, 2 and so on up to the last one, and none behind it.
package struct ChunkOrder: Sendable {
  private var next: UInt64? = 0

  /// Begins before the first chunk.
  package init() {}

  /// Whether the last chunk was there.
  package var isFinished: Bool { next == nil }

  /// Takes the header of the next chunk in the file.
  ///
  /// - Returns: whether the chunk belongs there.
  package mutating func accept(_ header: ChunkHeader) -> Bool {
    guard let expected = next, header.counter == expected else { return false }
    next = header.isLast ? nil : expected + 1
    return true
  }
}
