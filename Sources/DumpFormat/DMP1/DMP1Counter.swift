import Cryptography

/// Opens sealed blocks and counts what is in them.
///
/// It reads text before that is known to be authentic. So it keeps to itself whatever it finds, faults among them: under
/// a wrong key each text has one.
struct DMP1Counter {
  private let tag: [UInt8]
  private let gcm: GCMStream
  private var scanner = DMP1Scanner(isCounting: true)
  private var fault: DumpFormatError?

  init(file: DMP1File, key: [UInt8]) throws(DumpFormatError) {
    tag = file.tag
    gcm = try file.opening(key)
  }

  /// Opens the next block where it stands.
  mutating func count(_ block: inout SealedBlock) throws(DumpFormatError) {
    try block.withBytes { bytes throws(DumpFormatError) in
      try cryptographic { () throws(CryptographyError) in try gcm.openInPlace(bytes) }
      guard fault == nil else { return }
      do {
        try scanner.scan(UnsafeRawBufferPointer(bytes), group: { _ in }, record: { _, _ in })
      } catch {
        fault = error as? DumpFormatError ?? DumpFormatError(.malformedContent, "\(error)")
      }
    }
  }

  /// - Returns: `nil` when the tag does not fit.
  mutating func finish() throws(DumpFormatError) -> DMP1Scanner.Content? {
    guard gcm.isAuthentic(tag) else { return nil }
    if let fault { throw fault }
    return try scanner.finish()
  }
}
