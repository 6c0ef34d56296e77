@testable import DumpFormat

/// A reader of bytes that may be hostile, with what it must never do. `scripts/test-fuzz` gives it mutations, and
/// `FuzzCorpusTests` the inputs that were kept.
enum FuzzTarget: String, CaseIterable {
  /// Whole files, which are authenticated. One that opens must have the content of the sample.
  case dmp1, dmp2, journal
  /// The plaintext of a DMP1 dump, in blocks.
  case text
  /// The expanded content of a chunk of a DMP2 dump.
  case records
  /// The content of a chunk of a journal.
  case commits
  /// The headers of DMP2 dumps and journals, and the trailer of a dump.
  case headers
  /// The beginning of an encrypted file in clear.
  case preamble
  /// A compressed chunk.
  case frame

  /// A reader accepted what it must not, or read it in two ways.
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// Reads bytes. A refusal is no failure.
  func check(_ bytes: [UInt8]) throws(Failure) {
    do {
      switch self {
      case .dmp1, .dmp2: try Self.checkDump(bytes)
      case .journal: try Self.checkJournal(bytes)
      case .text: try Self.checkText(bytes)
      case .records: try Self.checkRecords(bytes)
      case .commits: try Self.checkCommits(bytes)
      case .headers: try Self.checkHeaders(bytes)
      case .preamble: try Self.checkPreamble(bytes)
      case .frame: try Self.checkFrame(bytes)
      }
    } catch let failure as Failure {
      throw failure
    } catch is DumpFormatError {
      return
    } catch {
      throw Failure(description: "\(self): an error that is not the format's: \(error)")
    }
  }

  private static func require(_ condition: Bool, _ sentence: String) throws(Failure) {
    if !condition { throw Failure(description: sentence) }
  }

  // MARK: Whole files

  private static func checkDump(_ bytes: [UInt8]) throws {
    let source = BytesSource(bytes: bytes)
    let inspected = Result { try UnverifiedDump(source).inspect(FuzzSamples.keyring) }
    var contents = Contents()
    let loaded = Result {
      try UnverifiedDump(source).load(FuzzSamples.keyring) { batch in
        var records: [String] = []
        batch.forEach { records.append(String(decoding: $0, as: UTF8.self)) }
        return records
      } take: { name, records in
        if contents.groups.last?.utf8.elementsEqual(name.utf8) != true { contents.groups.append(name) }
        if !records.isEmpty { contents.records[name, default: []] += records }
      }
    }
    switch (inspected, loaded) {
    case (.success, .success): try require(contents == FuzzSamples.contents, "a dump is accepted that nobody wrote")
    case (.failure, .failure): break
    default: throw Failure(description: "a dump is read in two ways")
    }
  }

  private static func checkJournal(_ bytes: [UInt8]) throws {
    guard var reader = try JournalReader(BytesSource(bytes: bytes), FuzzSamples.keyring) else { return }
    try require(reader.header == FuzzSamples.journalHeader, "a journal has another header")
    var commits: [JournalCommit] = []
    while let batch = try reader.next() { commits += batch.commits }
    let known = FuzzSamples.commits
    try require(commits == Array(known.prefix(commits.count)), "a journal has commits that nobody wrote")
    if case .closed = reader.ending { try require(commits == known, "a closed journal lacks commits") }
  }

  // MARK: Plaintext

  private static func checkText(_ bytes: [UInt8]) throws {
    func scan(_ block: Int) -> Result<Contents, any Error> {
      Result {
        var (scanner, contents) = (DMP1Scanner(), Contents())
        for start in stride(from: 0, to: bytes.count, by: block) {
          try Array(bytes[start..<min(bytes.count, start + block)]).withUnsafeBytes { block in
            try scanner.scan(block) { name in
              contents.groups.append(name)
            } record: { name, record in
              contents.records[name, default: []].append(String(decoding: record, as: UTF8.self))
            }
          }
        }
        _ = try scanner.finish()
        return contents
      }
    }
    // The place of a block's end is no part of the text.
    switch (scan(max(1, bytes.count)), scan(7)) {
    case (.success(let whole), .success(let parts)): try require(whole == parts, "a text is read in two ways")
    case (.failure, .failure): break
    default: throw Failure(description: "a text is accepted in one of two ways")
    }
  }

  private static func checkRecords(_ bytes: [UInt8]) throws {
    for isCanonical in [false, true] {
      for batch in try RecordBatch.splitting(bytes, isCanonical: isCanonical) {
        var (count, size) = (0, 0)
        batch.forEach { record in
          (count, size) = (count + 1, size + record.count)
          // Every byte is in the batch's memory.
          _ = record.reduce(UInt8(0), ^)
        }
        try require(count == batch.count && size <= bytes.count, "a batch has other records than it counts")
      }
    }
  }

  private static func checkCommits(_ bytes: [UInt8]) throws {
    let commits = try JournalCommit.decode(bytes)
    var again: [UInt8] = []
    for commit in commits { commit.encode(into: &again) }
    try require(JournalCommit.decode(again) == commits, "commits change when they are written again")
    try require(again.count <= bytes.count, "commits have more bytes than were read")
  }

  private static func checkHeaders(_ bytes: [UInt8]) throws {
    if let header = try? DMP2Header(bytes) {
      try require(DMP2Header(header.bytes) == header, "a dump's header changes when it is written again")
    }
    if let header = try? JournalHeader(bytes) {
      try require(JournalHeader(header.bytes) == header, "a journal's header changes when it is written again")
    }
    try DMP2Trailer.check(bytes, FuzzSamples.counts)
  }

  private static func checkPreamble(_ bytes: [UInt8]) throws {
    for kind in SealedFileKind.allCases {
      guard let preamble = try? SealedPreamble(bytes, kind: kind) else { continue }
      try require(
        preamble.bytes.elementsEqual(bytes.prefix(SealedPreamble.size)), "a preamble changes when it is written again")
    }
    let rest = bytes.dropFirst(SealedPreamble.size)
    if let header = ChunkHeader(rest.prefix(ChunkHeader.size)) {
      try require(header.bytes.elementsEqual(rest.prefix(ChunkHeader.size)), "a chunk's header changes")
    }
  }

  private static func checkFrame(_ bytes: [UInt8]) throws {
    let compressor = try ChunkCompressor()
    let content = bytes.withUnsafeBytes { compressor.expand($0, maximum: 1 << 20) }
    try require((content?.count ?? 0) <= 1 << 20, "a chunk expands beyond its bound")
  }
}
