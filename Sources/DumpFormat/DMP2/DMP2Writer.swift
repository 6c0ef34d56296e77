import Cryptography
import Threads

/// Writes our layout. The calling thread gathers records and writes, and others compress and seal. A class: it owns
/// these threads, and a sealer that can't be copied.
final class DMP2Writer<Sink: DumpSink>: DumpLayoutWriter {
  private let hash: SHA256Stream
  private var sink: Sink
  private var sealer: ChunkSealer
  private let workers: OrderedWorkers<ChunkJob, SealedJob>
  private let chunkSize: Int
  private var content: [UInt8] = []
  private var spares: [[UInt8]] = []
  /// The present group.
  private var group = ""
  private var bytes = 0

  init(
    _ header: DMP2Header, key: DumpKey, compression: ChunkCompression, sink: Sink, randomness: RandomBytes,
    chunkSize: Int = DMP2.chunkSize
  ) throws {
    let (key, preamble) = try SealedFileKey.create(.dump, compression: compression, key: key, randomness: randomness)
    sealer = ChunkSealer(key)
    let first = try sealer.seal(header.bytes)
    hash = try SHA256Stream()
    self.sink = sink
    self.chunkSize = chunkSize
    let compressors = compression == .zstd ? ChunkCompressors() : nil
    workers = OrderedWorkers(threads: DMP2.threads) { job in job.sealed(key, compressors) }
    try write(preamble.bytes)
    try write(first)
  }

  func beginGroup(_ name: String, isFirst: Bool) throws {
    guard name.utf8.count <= DMP2.maximumName else {
      throw DumpFormatError(.wrongOrder, "a collection's name has more than \(DMP2.maximumName) bytes")
    }
    group = name
    if content.count + name.utf8.count + RecordBatch.entryHeader > chunkSize { try flush() }
    nameGroup()
  }

  func append(_ record: UnsafeRawBufferPointer, isFirst: Bool) throws {
    if content.count + record.count + RecordBatch.entryHeader > chunkSize { try flush() }
    if content.isEmpty { nameGroup() }
    RecordBatch.append(.record, record, to: &content)
  }

  func finish(_ counts: [DumpSummary.GroupCount]) throws -> WrittenLayout<Sink> {
    try flush()
    while let sealed = workers.take() { try write(sealed.chunk.get()) }
    try write(sealer.seal(DMP2Trailer.bytes(counts), isLast: true))
    return WrittenLayout(bytes: bytes, sha256: try hash.hexadecimal(), sink: sink)
  }

  private func nameGroup() {
    var name = group
    name.withUTF8 { RecordBatch.append(.group, UnsafeRawBufferPointer($0), to: &content) }
  }

  /// Hands the gathered records on.
  private func flush() throws {
    guard !content.isEmpty else { return }
    var next = spares.popLast() ?? []
    swap(&content, &next)
    workers.put(ChunkJob(counter: try sealer.takeCounter(), content: next))
    while workers.pending * chunkSize > DMP2.inFlight, let sealed = workers.take() {
      try write(sealed.chunk.get())
      spares.append(sealed.spare())
    }
  }

  private func write(_ raw: [UInt8]) throws {
    bytes += raw.count
    try raw.withUnsafeBytes { raw in
      try hash.update(raw)
      try sink.write(raw)
    }
  }
}
