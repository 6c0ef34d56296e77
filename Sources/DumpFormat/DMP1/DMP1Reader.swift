import Cryptography
import Threads

/// Reads Doorman's layout in two passes: one that authenticates, one that parses. GCM gives out text before its tag is
/// checked; nobody looks at it until the first pass has said that it is what was sealed. What only counts needs one
/// pass (`DMP1Inspection`).
struct DMP1Reader: Sendable {
  /// The result of the first pass. The derived key shows itself as little as the one it comes from.
  struct Opened: Sendable, CustomStringConvertible, CustomReflectable {
    let key: [UInt8]
    let sha256: String

    var description: String { sha256 }
    var customMirror: Mirror { Mirror(self, children: ["sha256": sha256]) }
  }

  private let file: DMP1File
  private let blockSize: Int

  /// - Parameter blockSize: how much is read at a time in the two passes, bytes.
  init(_ source: any DumpSource, blockSize: Int = InspectionPlan.blockSize) throws(DumpFormatError) {
    file = try DMP1File(source)
    self.blockSize = blockSize
  }

  func verify(_ keyring: DumpKeyring) throws(DumpFormatError) -> Opened {
    for candidate in try file.candidates(keyring) {
      let hash = try cryptographic { () throws(CryptographyError) in
        let hash = try SHA256Stream()
        try hash.update(file.clearBytes)
        return hash
      }
      let isAuthentic: Bool
      do {
        isAuthentic = try decrypt(
          candidate.key,
          sealed: { bytes in try cryptographic { () throws(CryptographyError) in try hash.update(bytes) } },
          opened: { _ in })
      } catch {
        throw error as? DumpFormatError ?? DumpFormatError(.cryptography, "\(error)")
      }
      if isAuthentic {
        let sha256 = try cryptographic { () throws(CryptographyError) in
          try hash.update(file.tag)
          return try hash.hexadecimal()
        }
        return Opened(key: candidate.key, sha256: sha256)
      }
    }
    throw DumpFormatError(.damagedOrWrongKey)
  }

  func read(
    _ opened: Opened, group: (String) throws -> Void, record: (String, UnsafeRawBufferPointer) throws -> Void
  ) throws -> DumpSummary {
    var scanner = DMP1Scanner()
    let isAuthentic = try decrypt(opened.key, sealed: { _ in }) { block in
      try scanner.scan(block, group: group, record: record)
    }
    // The file changed between the passes.
    guard isAuthentic else { throw DumpFormatError(.damagedOrWrongKey) }
    return DumpSummary(try scanner.finish(), file, sha256: opened.sha256)
  }

  /// Reads in the same way, and lets other threads prepare the records.
  func load<Part: Sendable>(
    _ opened: Opened, prepare: @escaping @Sendable (RecordBatch) throws -> Part, take: (String, Part) throws -> Void
  ) throws -> DumpSummary {
    let workers = OrderedWorkers<RecordBatch, Result<(group: String, part: Part), any Error>>(threads: DMP2.threads) {
      batch in Result { (batch.group, try prepare(batch)) }
    }
    func takeNext() throws {
      guard let (group, part) = try workers.take()?.get() else { return }
      try take(group, part)
    }
    func hand(_ batch: RecordBatch?) throws {
      guard let batch else { return }
      workers.put(batch)
      if workers.pending * DMP2.chunkSize > DMP2.inFlight { try takeNext() }
    }
    var batches = RecordBatches(size: DMP2.chunkSize)
    let summary = try read(opened) { name in
      try hand(batches.begin(name))
    } record: { _, record in
      try hand(batches.append(record))
    }
    try hand(batches.end())
    while workers.pending > 0 { try takeNext() }
    return summary
  }

  func inspect(
    _ keyring: DumpKeyring, plan: InspectionPlan? = nil, isCancelled: () -> Bool
  ) throws(DumpFormatError) -> DumpSummary {
    let inspection = DMP1Inspection(file: file, plan: plan ?? InspectionPlan(bytes: file.size))
    return try inspection.run(keyring, isCancelled: isCancelled)
  }

  func beginning(_ keyring: DumpKeyring) throws(DumpFormatError) -> DumpBeginning {
    let candidates = try file.candidates(keyring)
    for case let header? in candidates.map(\.header) { return .header(header) }
    return candidates.contains(where: \.isText) ? .text : .unintelligible
  }

  /// - Returns: whether the tag fits.
  private func decrypt(
    _ key: [UInt8], sealed: (UnsafeRawBufferPointer) throws -> Void, opened: (UnsafeRawBufferPointer) throws -> Void
  ) throws -> Bool {
    let gcm = try file.opening(key)
    var block = SealedBlock()
    var offset = DMP1.headerSize
    while try file.read(&block, at: offset, upTo: blockSize) {
      try block.withBytes { bytes in
        try sealed(UnsafeRawBufferPointer(bytes))
        try cryptographic { () throws(CryptographyError) in try gcm.openInPlace(bytes) }
        try opened(UnsafeRawBufferPointer(bytes))
      }
      SystemThread.letOthersRun()
      offset += block.count
    }
    return try file.isWhole(at: offset) && gcm.isAuthentic(file.tag)
  }
}

extension DumpSummary {
  init(_ content: DMP1Scanner.Content, _ file: DMP1File, sha256: String) {
    self.init(header: content.header, counts: content.counts, bytes: file.size, sha256: sha256)
  }
}
