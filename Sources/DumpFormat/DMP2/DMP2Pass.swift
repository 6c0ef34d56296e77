import Cryptography
import Threads

/// One pass through a file of our layout. The calling thread reads and hashes, others open and expand, and the calling
/// thread takes what they made of it in order.
struct DMP2Pass<Part: Sendable> {
  private struct Job: Sendable {
    let header: ChunkHeader
    let sealed: [UInt8]
    let offset: Int
  }

  /// The records of one group in a chunk, prepared.
  private struct Portion: Sendable {
    let group: String
    let count: Int
    let part: Part
  }

  private typealias Outcome = Result<[Portion], any Error>

  let reader: DMP2Reader
  /// Makes something of records, on any thread.
  let prepare: @Sendable (RecordBatch) throws -> Part
  let isCancelled: () -> Bool

  /// - Parameter take: is given the parts in the order of the file, before all of it is known to be authentic.
  func run(_ keyring: DumpKeyring, take: (_ group: String, Part) throws -> Void) throws -> DumpSummary {
    let opened = try reader.opened(keyring)
    let hash = try SHA256Stream()
    try hash.update(opened.beginning)
    let workers = workers(opened)
    var groups = GroupCounter()
    var order = opened.order
    var offset = opened.beginning.count
    var inFlight: [Int] = []
    func takeNext() throws {
      guard let outcome = workers.take() else { return }
      inFlight.removeFirst()
      for portion in try outcome.get() {
        try groups.resume(portion.group)
        groups.countRecords(portion.count)
        try take(portion.group, portion.part)
      }
    }
    var last: (header: ChunkHeader, sealed: [UInt8])?
    while last == nil {
      guard !isCancelled() else { throw DumpFormatError(.cancelled) }
      let chunk = try reader.chunk(at: offset, &order)
      try hash.update(chunk.header.bytes)
      try hash.update(chunk.sealed)
      if chunk.header.isLast {
        last = chunk
      } else {
        // Small chunks can have much content.
        while inFlight.count >= DMP2.inFlight / DMP2.chunkSize
          || (!inFlight.isEmpty && inFlight.reduce(chunk.sealed.count, +) > DMP2.inFlight)
        {
          try takeNext()
        }
        inFlight.append(chunk.sealed.count)
        workers.put(Job(header: chunk.header, sealed: chunk.sealed, offset: offset))
        offset += chunk.header.chunkSize
      }
    }
    while workers.pending > 0 { try takeNext() }
    if var last {
      guard try opened.opener.open(last.header, &last.sealed) else {
        throw DumpFormatError.damaged("the last chunk", at: offset)
      }
      guard offset + last.header.chunkSize == reader.source.size, try reader.source.endsAtItsSize() else {
        throw DumpFormatError(.damaged, "there are bytes behind its last chunk")
      }
      try DMP2Trailer.check(last.sealed, groups.counts)
    }
    return DumpSummary(
      header: opened.header.header, counts: groups.counts, bytes: reader.source.size, sha256: try hash.hexadecimal())
  }

  private func workers(_ opened: DMP2Reader.Opened) -> OrderedWorkers<Job, Outcome> {
    let (prepare, compression, opener) = (prepare, reader.compression, opened.opener)
    let isCanonical = opened.header.isCanonical
    let compressors = ChunkCompressors()
    return OrderedWorkers(threads: DMP2.threads) { job in
      Outcome {
        var content = job.sealed
        guard try opener.open(job.header, &content) else { throw DumpFormatError.damaged("a chunk", at: job.offset) }
        if compression == .zstd {
          let frame = content
          let expanded = try compressors.with { compressor throws(DumpFormatError) in
            frame.withUnsafeBufferPointer {
              compressor.expand(UnsafeRawBufferPointer($0), maximum: ChunkHeader.maximumLength)
            }
          }
          guard let expanded else { throw DumpFormatError(.malformedContent, "a chunk that is no frame of zstd") }
          content = expanded
        }
        return try RecordBatch.splitting(content, isCanonical: isCanonical).map { batch in
          Portion(group: batch.group, count: batch.count, part: try prepare(batch))
        }
      }
    }
  }
}
