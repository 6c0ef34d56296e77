import Cryptography

/// Authenticates and counts a file in one pass.
struct DMP1Inspection {
  let file: DMP1File
  let plan: InspectionPlan

  func run(_ keyring: DumpKeyring, isCancelled: () -> Bool) throws(DumpFormatError) -> DumpSummary {
    for candidate in try file.candidates(keyring) {
      if let summary = try pass(candidate.key, isCancelled: isCancelled) { return summary }
    }
    throw DumpFormatError(.damagedOrWrongKey)
  }

  /// - Returns: `nil` when the tag does not fit.
  private func pass(_ key: [UInt8], isCancelled: () -> Bool) throws(DumpFormatError) -> DumpSummary? {
    if plan.isThreaded, let counting = ThreadedCounting(file: file, key: key) {
      return try pass(through: counting, isCancelled: isCancelled)
    }
    return try pass(through: DirectCounting(DMP1Counter(file: file, key: key)), isCancelled: isCancelled)
  }

  private func pass(
    through counting: some BlockCounting, isCancelled: () -> Bool
  ) throws(DumpFormatError) -> DumpSummary? {
    let hash: SHA256Stream?
    do throws(DumpFormatError) {
      hash = try hashBlocks(through: counting, isCancelled: isCancelled)
    } catch {
      _ = counting.finish()
      throw error
    }
    guard let content = try counting.finish().get(), let hash else { return nil }
    return DumpSummary(content, file, sha256: try cryptographic(hash.hexadecimal))
  }

  /// - Returns: `nil` when the counting side has given up.
  private func hashBlocks(
    through counting: some BlockCounting, isCancelled: () -> Bool
  ) throws(DumpFormatError) -> SHA256Stream? {
    let hash = try cryptographic { () throws(CryptographyError) in
      let hash = try SHA256Stream()
      try hash.update(file.clearBytes)
      return hash
    }
    var offset = DMP1.headerSize
    while true {
      guard !isCancelled() else { throw DumpFormatError(.cancelled) }
      guard var block = counting.spareBlock() else { return nil }
      guard try file.read(&block, at: offset, upTo: plan.blockSize) else { break }
      offset += block.count
      try block.withBytes { bytes throws(DumpFormatError) in
        try cryptographic { () throws(CryptographyError) in try hash.update(UnsafeRawBufferPointer(bytes)) }
      }
      try counting.count(block)
    }
    guard try file.isWhole(at: offset) else { throw DumpFormatError(.damagedOrWrongKey) }
    try cryptographic { () throws(CryptographyError) in try hash.update(file.tag) }
    return hash
  }
}

/// Where the sealed blocks of one pass go.
protocol BlockCounting {
  /// A block that nobody uses; `nil` when no more are counted: `finish` says why.
  func spareBlock() -> SealedBlock?

  /// Takes the next block.
  func count(_ block: consuming SealedBlock) throws(DumpFormatError)

  /// Ends the pass, whether or not all blocks came; to be called once.
  ///
  /// - Returns: `nil` when the tag does not fit.
  func finish() -> Result<DMP1Scanner.Content?, DumpFormatError>
}
