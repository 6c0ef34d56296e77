/// Records that one chunk will hold, on their way to a thread that compresses and seals them.
struct ChunkJob: Sendable {
  let counter: UInt64
  let content: [UInt8]

  /// - Parameter compressors: `nil` when the file is not compressed.
  consuming func sealed(_ key: SealedFileKey, _ compressors: ChunkCompressors?) -> SealedJob {
    let chunk = Result { () throws(DumpFormatError) in
      guard let compressors else {
        return try ChunkSealer.seal(counter, key, capacity: content.count) { output in
          output.copyBytes(from: content)
          return content.count
        }
      }
      return try compressors.with { compressor throws(DumpFormatError) in
        try content.withUnsafeBufferPointer { content throws(DumpFormatError) in
          try compressor.withFrame(of: UnsafeRawBufferPointer(content)) { frame throws(DumpFormatError) in
            try ChunkSealer.seal(counter, key, capacity: frame.count) { output in
              output.copyBytes(from: frame)
              return frame.count
            }
          }
        }
      }
    }
    return SealedJob(chunk: chunk, content: content)
  }
}

/// A chunk that was sealed, or why it was not.
struct SealedJob: Sendable {
  let chunk: Result<[UInt8], DumpFormatError>
  private var content: [UInt8]

  init(chunk: Result<[UInt8], DumpFormatError>, content: [UInt8]) {
    self.chunk = chunk
    self.content = content
  }

  /// The memory of the content, empty, to be used again. That of a large record is given back.
  consuming func spare() -> [UInt8] {
    var spare = content
    content = []
    spare.removeAll(keepingCapacity: spare.count < 4 << 20)
    return spare
  }
}
