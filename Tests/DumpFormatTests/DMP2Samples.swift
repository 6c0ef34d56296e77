import Cryptography

@testable import DumpFormat

/// Dumps of our layout, in memory.
enum DMP2Samples {
  static let key = DumpKey("interop-key-0123456789abcdef0123")
  static let keyring = DumpKeyring(sealing: key)
  static let header = DumpHeader(
    format: .dmp2, createdAt: "2026-01-02T03:04:05.678901Z", order: DumpOrder(epoch: 3, sequence: 17))

  /// The same header with the identity of the dump before it.
  static func header(after predecessor: String) -> DumpHeader {
    DumpHeader(format: .dmp2, createdAt: header.createdAt, order: header.order, predecessor: predecessor)
  }

  static let groups: [(String, [String])] = [
    ("users", ["{\"_id\":\"a\"}", "{\"_id\":\"b\",\"n\":[1,2,3]}", "{\"_id\":\"c\"}"]), ("apis", []),
    ("groups", ["{\"name\":\"é\"}"]),
  ]

  /// - Parameter chunkSize: small ones give many chunks.
  static func sealed(
    _ groups: [(String, [String])] = groups, chunkSize: Int = DMP2.chunkSize, key: DumpKey = key,
    compression: ChunkCompression = .zstd, header: DumpHeader = header, program: String = "gatehouse/test",
    randomness: RandomBytes = .system
  ) throws -> [UInt8] {
    let writer = try DMP2Writer(
      DMP2Header(header: header, writer: program), key: key, compression: compression, sink: BytesSink(),
      randomness: randomness, chunkSize: chunkSize)
    for (name, records) in groups {
      try writer.beginGroup(name, isFirst: false)
      for record in records {
        try Array(record.utf8).withUnsafeBytes { try writer.append($0, isFirst: false) }
      }
    }
    let counts = groups.map { DumpSummary.GroupCount(name: $0.0, records: $0.1.count) }
    return try writer.finish(counts).sink.bytes
  }

  /// A file of any chunks, sealed with the right key.
  ///
  /// - Parameter contents: of chunk 0, the chunks with records, and the last one; stored as they are.
  static func sealed(contents: [[UInt8]]) throws -> [UInt8] {
    let (key, preamble) = try SealedFileKey.create(.dump, compression: .none, key: key)
    var sealer = ChunkSealer(key)
    var bytes = preamble.bytes
    for (index, content) in contents.enumerated() {
      bytes += try sealer.seal(content, isLast: index == contents.count - 1)
    }
    return bytes
  }

  /// Where the chunks of a file stand.
  static func chunks(of bytes: [UInt8]) -> [Range<Int>] {
    var chunks: [Range<Int>] = []
    var position = SealedPreamble.size
    while position < bytes.count, let header = ChunkHeader(bytes[position..<position + ChunkHeader.size]) {
      chunks.append(position..<position + header.chunkSize)
      position += header.chunkSize
    }
    return chunks
  }

  /// Reads a dump in each way, and expects the same result.
  static func read(
    _ bytes: [UInt8], keyring: DumpKeyring = keyring
  ) throws -> (contents: Contents, summary: DumpSummary) {
    let source = BytesSource(bytes: bytes)
    let inspected = Result { try UnverifiedDump(source).inspect(keyring) }
    let loaded = Result { try load(source, keyring) }
    guard case .success(let summary) = inspected, case .success(let result) = loaded else {
      let codes = [inspected.map { _ in }, loaded.map { _ in }].map { code(of: $0) }
      guard codes[0] == codes[1] else { throw Disagreement(codes: codes) }
      _ = try inspected.get()
      return try loaded.get()
    }
    var contents = Contents()
    let read = try UnverifiedDump(source).verify(keyring).read { name in
      contents.groups.append(name)
    } record: { name, record in
      contents.records[name, default: []].append(String(decoding: record, as: UTF8.self))
    }
    guard read == summary, result.summary == summary, contents == result.contents else { throw Disagreement(codes: []) }
    return result
  }

  private static func load(
    _ source: BytesSource, _ keyring: DumpKeyring
  ) throws -> (contents: Contents, summary: DumpSummary) {
    var contents = Contents()
    let summary = try UnverifiedDump(source).load(keyring) { batch in
      var records: [String] = []
      batch.forEach { records.append(String(decoding: $0, as: UTF8.self)) }
      return records
    } take: { name, records in
      if contents.groups.last?.utf8.elementsEqual(name.utf8) != true { contents.groups.append(name) }
      if !records.isEmpty { contents.records[name, default: []] += records }
    }
    return (contents, summary)
  }

  /// The ways to read a dump came to different results.
  struct Disagreement: Error {
    let codes: [DumpFormatError.Code?]
  }

  static func code(of result: Result<Void, any Error>) -> DumpFormatError.Code? {
    if case .failure(let error) = result { (error as? DumpFormatError)?.code } else { nil }
  }

  static func code(_ bytes: [UInt8], keyring: DumpKeyring = keyring) -> DumpFormatError.Code? {
    code(of: Result { _ = try read(bytes, keyring: keyring) })
  }
}
